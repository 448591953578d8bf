import { paymentBytes, paymentsOfBlocks } from '../payments/payment-sql.ts'
import type { PostgresAddress } from '../platform/postgres.ts'
import { allOf, oneLine, PageValues } from './page-values.ts'
import type { Period } from './settlement.ts'
import { allCurrencies, currencyOf, passOver } from './table-pass.ts'
import type { WaitingLines } from './waiting-lines.ts'

type Page = { rows: number } & Record<
  'refs' | 'ids' | 'currencies' | 'captured' | 'refunded' | 'expected',
  string | null
>

/** By how much the clocks may differ that payments and captures got their times from. */
const clocksMs = 86_400_000

/**
 * Shows all payments of a provider to the lines that wait for them.
 *
 * @param deadlineMs how long a statement may take
 * @param onUnnamed gets the references of payments that may have been captured in the period, and that no matching line names as a payment
 * @returns whether there may be others, without a reference that can be listed
 */
export async function seePayments(
  address: PostgresAddress,
  deadlineMs: number,
  { provider, lines, period }: { provider: string; lines: WaitingLines; period: Period | undefined },
  onUnnamed: (refs: readonly string[]) => Promise<void>,
): Promise<boolean> {
  const times =
    period === undefined ? [null, null] : [new Date(period.fromMs - clocksMs), new Date(period.toMs + clocksMs)]
  const table = { bytes: paymentBytes, page: pageStatement(lines.namesOwn), values: [provider, ...times] }
  let hasOdd = false
  await passOver<Page>(address, deadlineMs, table, async page => {
    const unnamed = see(page, lines)
    hasOdd ||= unnamed.includes('')
    await onUnnamed(unnamed.filter(ref => ref !== ''))
  })
  return hasOdd
}

function pageStatement(withIds: boolean): string {
  return `
    select count(*)::int as rows, ${allOf(oneLine('provider_ref'))} as refs, ${withIds ? allOf('payment_id') : 'null'} as ids,
           ${allCurrencies} as currencies, ${allOf('captured::text')} as captured, ${allOf('refunded::text')} as refunded,
           string_agg(case when captured > 0 and created_at <= $5 and updated_at >= $4 then '1' else '0' end, '') as expected
      from ${paymentsOfBlocks('$2', '$3')} p
     where p.provider = $1`
}

/** @returns the references of those that no line names as a payment; the empty text for a missing one */
function see({ rows, refs, ids, currencies, captured, refunded, expected }: Page, lines: WaitingLines): string[] {
  const [ref, own] = [new PageValues(refs), new PageValues(ids)]
  const [allCaptured, allRefunded] = [new PageValues(captured), new PageValues(refunded)]
  const columns = [ref, own, allCaptured, allRefunded]
  const unnamed: string[] = []
  for (let row = 0; row < rows; row += 1) {
    for (const column of columns) column.advance()
    const currency = currencyOf(currencies, row, rows)
    const isNamed = lines.see({ ref, own, currency, captured: allCaptured.number(), refunded: allRefunded.number() })
    if (!isNamed && expected?.[row] === '1') unnamed.push(ref.toString())
  }
  return unnamed
}
