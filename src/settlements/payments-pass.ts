import { paymentBytes, paymentsOfBlocks } from '../payments/payment-sql.ts'
import type { PostgresAddress } from '../platform/postgres.ts'
import type { Period } from './settlement.ts'
import { allCurrencies, allOf, currencyOf, oneLine, passOver, valuesOf } from './table-pass.ts'
import type { WaitingLines } from './waiting-lines.ts'

type Page = Record<'refs' | 'ids' | 'currencies' | 'captured' | 'refunded' | 'expected', string | null>

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
    select ${allOf(oneLine('provider_ref'))} as refs, ${withIds ? allOf('payment_id') : 'null'} as ids,
           ${allCurrencies} as currencies, ${allOf('captured::text')} as captured, ${allOf('refunded::text')} as refunded,
           string_agg(case when captured > 0 and created_at <= $5 and updated_at >= $4 then '1' else '0' end, '') as expected
      from ${paymentsOfBlocks('$2', '$3')} p
     where p.provider = $1`
}

/** @returns the references of those that no line names as a payment; the empty text for a missing one */
function see({ refs, ids, currencies, captured, refunded, expected }: Page, lines: WaitingLines): string[] {
  const allIds = valuesOf(ids)
  const [allCaptured, allRefunded] = [valuesOf(captured), valuesOf(refunded)]
  const allRefs = valuesOf(refs)
  return allRefs.filter((providerRef, index) => {
    const isNamed = lines.see({
      providerRef,
      paymentId: allIds[index],
      currency: currencyOf(currencies, index, allRefs.length),
      captured: Number(allCaptured[index]),
      refunded: Number(allRefunded[index]),
    })
    return !isNamed && expected?.[index] === '1'
  })
}
