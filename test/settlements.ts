import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '../src/platform/log.ts'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { toDecimal } from '../src/settlements/amount.ts'
import type { ComparedLine } from '../src/settlements/compared-line.ts'
import { ownFormat } from '../src/settlements/format-own.ts'
import { type ReconcileOptions, reconcile } from '../src/settlements/reconcile.ts'

/** Settlement files of a test, in our own columns. */

export const ownHeading =
  'line_id,type,provider_ref,payment_id,operation_id,amount,fee,net,currency,payout_id,occurred_at'

type Row = Partial<Record<'type' | 'ref' | 'payment' | 'operation' | 'currency' | 'payout' | 'at' | 'net', string>>

/** A row of a file. @param amount in minor units, as the fee */
export function ownRow(id: string, amount: number, fee: number, change: Row): string {
  const { type = 'payment', currency = 'USD', ref = '', payment = '', operation = '', ...rest } = change
  const { payout = '', at = '', net = '' } = rest
  const money = (minor: number) => toDecimal(BigInt(minor), currency)
  return [id, type, ref, payment, operation, money(amount), money(fee), net, currency, payout, at].join(',')
}

/** A folder for files, and the command's work on them without its process. */
export function settlementFiles(address: PostgresAddress) {
  const folder = mkdtempSync(join(tmpdir(), 'orders-settlement-files-'))
  const write = (text: string) => {
    const path = join(folder, `${randomUUID()}.csv`)
    writeFileSync(path, text)
    return path
  }
  return {
    folder,
    write,
    /** Compares rows with the payments of the sandbox, and books them. @returns what `onLines` got too, as `listed` */
    async run(rows: readonly string[], change: Partial<ReconcileOptions> = {}) {
      const listed: ComparedLine[] = []
      const found = await reconcile({
        address,
        log: createLogger({ level: 'silent' }),
        file: { path: write([ownHeading, ...rows].join('\n')), format: ownFormat },
        provider: 'sandbox',
        ...{ fromMs: undefined, toMs: undefined, isDryRun: false, isWhole: false },
        actor: 'test',
        now: () => Date.UTC(2026, 10, 28),
        onLines: async page => void listed.push(...page),
        onProgress: () => undefined,
        ...change,
      })
      return { ...found, listed }
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
}
