import { stat } from 'node:fs/promises'
import type { Client } from 'pg'
import { paymentBytes, paymentsOfBlocks } from '../payments/payment-sql.ts'
import { type PostgresAddress, withClient } from '../platform/postgres.ts'
import type { Period } from './settlement.ts'
import type { WaitingLines } from './waiting-lines.ts'

/** As many as fit in 1 MiB of the table: some thousand payments. */
const pageBlocks = 128
/** After this many the garbage is collected, as while the file is read. */
const collectBlocks = 8 * pageBlocks
/** Reading a payment in the order of the table takes a seventh of looking one up, and it is as long as two lines. */
const bytesOfPaymentsForOne = 8

/** Whether it takes less time to read all payments than to look up those of the file. */
export async function isPassShorter(client: Client, path: string): Promise<boolean> {
  const [{ rows }, { size }] = await Promise.all([
    client.query<{ bytes: string }>(`select ${paymentBytes} as bytes`),
    stat(path),
  ])
  return Number(rows[0]?.bytes ?? 0) <= size * bytesOfPaymentsForOne
}

type Page = Record<'refs' | 'ids' | 'currencies' | 'captured' | 'refunded' | 'expected', string | null>

/** By how much the clocks may differ that payments and captures got their times from. */
const clocksMs = 86_400_000

/**
 * Shows all payments of a provider to the lines that wait for them, in the order of the table and in one snapshot.
 *
 * @param deadlineMs how long a statement may take
 * @param onUnnamed gets the references of payments that may have been captured in the period, and that no matching line names as a payment
 * @returns whether there may be others, without a reference that can be listed
 */
export function seePayments(
  address: PostgresAddress,
  deadlineMs: number,
  { provider, lines, period }: { provider: string; lines: WaitingLines; period: Period | undefined },
  onUnnamed: (refs: readonly string[]) => Promise<void>,
): Promise<boolean> {
  return withClient(address, 'orders reconcile', deadlineMs, async client => {
    await client.query('begin isolation level repeatable read read only')
    const { rows } = await client.query<{ blocks: number }>(
      `select (${paymentBytes} / current_setting('block_size')::int)::int as blocks`,
    )
    const blocks = rows[0]?.blocks ?? 0
    const text = pageStatement(lines.namesOwn)
    const times =
      period === undefined ? [null, null] : [new Date(period.fromMs - clocksMs), new Date(period.toMs + clocksMs)]
    const read = (from: number) => {
      const page = client.query<Page>({
        name: 'payments',
        text,
        values: [provider, `(${from},0)`, `(${from + pageBlocks},0)`, ...times],
      })
      page.catch(() => undefined)
      return page
    }
    let hasOdd = false
    // One page is looked at while the next one is read.
    let next = read(0)
    for (let from = 0; from < blocks; from += pageBlocks) {
      const [page] = (await next).rows
      if (from + pageBlocks < blocks) next = read(from + pageBlocks)
      const unnamed = page === undefined ? [] : see(page, lines)
      hasOdd ||= unnamed.includes(odd)
      await onUnnamed(unnamed.filter(ref => ref !== odd))
      if (from % collectBlocks === 0) Bun.gc(true)
    }
    await client.query('commit')
    return hasOdd
  })
}

/** What a reference is read as that is missing or has the separator. No line has it. */
const odd = ''

/** One row with all payments of some blocks: a row for each would take as long as reading it. No other value has the separator. */
function pageStatement(withIds: boolean): string {
  const all = (value: string) => `string_agg(${value}, E'\\n')`
  return `
    select ${all(`case when strpos(provider_ref, E'\\n') = 0 then provider_ref else '${odd}' end`)} as refs,
           ${withIds ? all('payment_id') : 'null'} as ids, ${all('currency')} as currencies,
           ${all('captured::text')} as captured, ${all('refunded::text')} as refunded,
           string_agg(case when captured > 0 and created_at <= $5 and updated_at >= $4 then '1' else '0' end, '') as expected
      from ${paymentsOfBlocks('$2', '$3')} p
     where p.provider = $1`
}

/** @returns the references of those that no line names as a payment */
function see({ refs, ids, currencies, captured, refunded, expected }: Page, lines: WaitingLines): string[] {
  if (refs === null) return []
  const valuesOf = (text: string | null) => text?.split('\n') ?? []
  const [allIds, allCurrencies] = [valuesOf(ids), valuesOf(currencies)]
  const [allCaptured, allRefunded] = [valuesOf(captured), valuesOf(refunded)]
  return valuesOf(refs).filter((providerRef, index) => {
    const isNamed = lines.see({
      ...{ providerRef, paymentId: allIds[index], currency: allCurrencies[index] ?? '' },
      ...{ captured: Number(allCaptured[index]), refunded: Number(allRefunded[index]) },
    })
    return !isNamed && expected?.[index] === '1'
  })
}
