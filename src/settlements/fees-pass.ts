import { transferBytes, transfersOfBlocks } from '../ledger/transfer-sql.ts'
import type { PostgresAddress } from '../platform/postgres.ts'
import { isOfSettlements } from './comparison-sql.ts'
import type { LineFees } from './line-fees.ts'
import { allOf, oneLine, passOver, valuesOf } from './table-pass.ts'

type Page = Record<'ids' | 'amounts' | 'currencies', string | null>

const suffix = ':fee'

/** Ids are cut to those of lines here: PostgreSQL takes longer for it than for the rest. */
const pageStatement = `
  select ${allOf(oneLine('transfer_id'))} as ids, ${allOf("case kind when 'fee' then '' else '-' end || amount::text")} as amounts,
         ${allOf('currency')} as currencies
    from ${transfersOfBlocks('$2', '$3')} t
   where ${isOfSettlements('t')}`

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
  const prefix = `settlement:${provider}:`
  let isWhole = true
  const table = { bytes: transferBytes, page: pageStatement, values: [provider] }
  await passOver<Page>(address, deadlineMs, table, async ({ ids, amounts, currencies }) => {
    const [allAmounts, allCurrencies] = [valuesOf(amounts), valuesOf(currencies)]
    for (const [index, id] of valuesOf(ids).entries()) {
      if (id === '') isWhole = false
      if (!id.endsWith(suffix)) continue
      fees.see(id.slice(prefix.length, -suffix.length), Number(allAmounts[index]), allCurrencies[index] ?? '')
    }
  })
  return isWhole
}
