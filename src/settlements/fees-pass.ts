import { transferBytes, transfersOfBlocks } from '../ledger/transfer-sql.ts'
import type { PostgresAddress } from '../platform/postgres.ts'
import { isOfSettlements } from './comparison-sql.ts'
import type { LineFees } from './line-fees.ts'
import { allOf, oneLine, passOver, valuesOf } from './table-pass.ts'

type Page = Record<'ids' | 'amounts' | 'currencies', string | null>

const prefix = "('settlement:' || $1::text || ':')"
const suffix = ':fee'
const lineId = `substr(transfer_id, length(${prefix}) + 1, length(transfer_id) - length(${prefix}) - ${suffix.length})`

const pageStatement = `
  select ${allOf(oneLine(lineId))} as ids, ${allOf("case kind when 'fee' then amount else -amount end::text")} as amounts,
         ${allOf('currency')} as currencies
    from ${transfersOfBlocks('$2', '$3')} t
   where ${isOfSettlements('t')} and right(transfer_id, ${suffix.length}) = '${suffix}'`

/**
 * Shows all fees that are booked of a provider's settlements to the lines.
 *
 * @param deadlineMs how long a statement may take
 * @returns false when some have an id that cannot be listed
 */
export async function seeFees(
  address: PostgresAddress,
  deadlineMs: number,
  { provider, fees }: { provider: string; fees: LineFees },
): Promise<boolean> {
  let isWhole = true
  const table = { bytes: transferBytes, page: pageStatement, values: [provider] }
  await passOver<Page>(address, deadlineMs, table, async ({ ids, amounts, currencies }) => {
    const [allAmounts, allCurrencies] = [valuesOf(amounts), valuesOf(currencies)]
    for (const [index, id] of valuesOf(ids).entries()) {
      if (id === '') isWhole = false
      fees.see(id, Number(allAmounts[index]), allCurrencies[index] ?? '')
    }
  })
  return isWhole
}
