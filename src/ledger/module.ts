import type { Context, Module, Running } from '../module.ts'
import { arrivals } from './arrivals.ts'
import { ledgerChecks, newest } from './ledger-checks.ts'
import { ledgerRoutes } from './routes.ts'
import { runSums } from './sums.ts'

/** The ledger: double-entry books of what was sold, paid, refunded and charged. */
export const ledgerModule: Module = {
  name: 'ledger',
  title: 'Ledger',
  buildsOn: ['events', 'orders'],
  tables: [
    { name: 'ledger_transfers', order: 'transfer_id' },
    { name: 'ledger_sums', leftOut: 'sums of the transfers, which are made again' },
    { name: 'ledger_checkpoint', leftOut: 'how far the sums have come' },
    { name: 'ledger_start', order: 'recorded_at' },
  ],
  erase: { columns: { ledger_transfers: [], ledger_sums: [], ledger_checkpoint: [], ledger_start: [] } },
  exports: {
    ledger_transfers: { by: 'order' },
    ledger_sums: { leftOut: 'sums over all orders' },
    ledger_checkpoint: { leftOut: 'sums over all orders' },
    ledger_start: { leftOut: 'when the books began' },
  },
  placement: [arrivals],
  checks: ledgerChecks,
  newest,
  tags: { ledger: 'Ledger: what was sold, paid, paid back and charged, as transfers between accounts' },
  start,
}

function start({ pool, pools, log }: Context): Running {
  return {
    routes: ledgerRoutes({ pool: pools.lists, log }),
    workers: [{ name: 'ledger sums', run: stop => runSums({ pool, log }, stop) }],
  }
}
