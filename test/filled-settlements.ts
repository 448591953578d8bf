import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '../src/platform/log.ts'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { ownFormat } from '../src/settlements/format-own.ts'
import { type Reconciliation, type ReconcileOptions, reconcile } from '../src/settlements/reconcile.ts'

const heading = 'line_id,type,provider_ref,payment_id,operation_id,amount,fee,net,currency,payout_id,occurred_at'

/** Reconciles a file of the own columns. @param rows below its heading */
export async function reconcileRows(
  address: PostgresAddress,
  rows: readonly string[],
  change: Partial<ReconcileOptions> = {},
): Promise<Reconciliation> {
  const folder = mkdtempSync(join(tmpdir(), 'orders-reconcile-'))
  const path = join(folder, 'settlements.csv')
  writeFileSync(path, [heading, ...rows].join('\n'))
  try {
    return await reconcile({
      ...{ address, log: createLogger({ level: 'silent' }), file: { path, format: ownFormat }, provider: 'sandbox' },
      ...{ fromMs: undefined, toMs: undefined, actor: 'ada', isDryRun: false, isWhole: false, now: Date.now },
      ...{ onLines: async () => undefined, onProgress: () => undefined },
      ...change,
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A report whose lines differ: one of a payment that is not here, and a payout that does not sum to nothing. */
export async function fillSettlements(address: PostgresAddress): Promise<void> {
  await reconcileRows(address, [
    'l-1,payment,ref-1,,,5.00,0,,USD,po-1,2026-11-28T09:30:00Z',
    'l-2,payout,,,,-4.99,0,,USD,po-1,',
    'l-3,other,,,,1.00,0,,USD,,',
  ])
}
