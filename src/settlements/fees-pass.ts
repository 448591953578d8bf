import { transferBytes, transfersOfBlocks } from '../ledger/transfer-sql.ts'
import type { PostgresAddress } from '../platform/postgres.ts'
import { isOfSettlements } from './comparison-sql.ts'
import type { LineFees } from './line-fees.ts'
import { allCurrencies, allOf, currencyOf, oneLine, passOver, valuesOf } from './table-pass.ts'

type Page = Record<'ids' | 'reversed' | 'amounts' | 'currencies', string | null>

const suffix = ':fee'

/** Ids are cut to those of lines here: PostgreSQL takes longer for it than for the rest. */
const pageStatement = `
  select ${allOf(oneLine('transfer_id'))} as ids, string_agg(case kind when 'fee' then '0' else '1' end, '') as reversed,
         ${allOf('amount::text')} as amounts, ${allCurrencies} as currencies
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
  await passOver<Page>(address, deadlineMs, table, async ({ ids, reversed, amounts, currencies }) => {
    const [allIds, allAmounts] = [valuesOf(ids), valuesOf(amounts)]
    for (const [index, id] of allIds.entries()) {
      if (id === '') isWhole = false
      if (!id.endsWith(suffix)) continue
      const amount = Number(allAmounts[index])
      const fee = reversed?.[index] === '1' ? -amount : amount
      fees.see(id.slice(prefix.length, -suffix.length), fee, currencyOf(currencies, index, allIds.length))
    }
  })
  return isWhole
}
