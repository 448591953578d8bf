import type { Context, Module, Running } from '../module.ts'
import { reportChecks } from './report-checks.ts'
import { reportRoutes } from './routes.ts'

/**
 * Settlement files of payment providers, compared with the payments and booked by the command `reconcile`, which keeps a report. The file
 * itself is loaded into a temporary table, and what is booked is in the ledger.
 */
export const settlementsModule: Module = {
  name: 'settlements',
  title: 'Settlements',
  buildsOn: ['events', 'ledger', 'payments'],
  tables: [
    { name: 'settlement_reports', order: 'report_id' },
    { name: 'settlement_report_lines', order: 'report_id, number' },
  ],
  erase: { columns: { settlement_reports: [], settlement_report_lines: [] } },
  exports: {
    settlement_reports: { leftOut: "a provider's file about all payments" },
    settlement_report_lines: {
      leftOut: "differences between a provider's file and the payments, which stand with the order",
    },
  },
  checks: reportChecks,
  tags: { reconciliation: 'Reconciliation: settlement files of providers, compared with the payments' },
  start,
}

function start({ pools: { single, lists }, log }: Context): Running {
  return { routes: reportRoutes({ single, lists, log }) }
}
