import { transferBytes, transfersOfBlocks } from '../ledger/transfer-sql.ts'
import type { PostgresAddress } from '../platform/postgres.ts'
import { isOfSettlements } from './comparison-sql.ts'
import type { LineFees } from './line-fees.ts'
import { allOf, oneLine, PageValues } from './page-values.ts'
import { allCurrencies, currencyOf, passOver } from './table-pass.ts'

type Page = { rows: number } & Record<'ids' | 'reversed' | 'amounts' | 'currencies', string | null>

const suffix = ':fee'

/** Ids are cut to those of lines here: PostgreSQL takes longer for it than for the rest. */
const pageStatement = `
  select count(*)::int as rows, ${allOf(oneLine('transfer_id'))} as ids, string_agg(case kind when 'fee' then '0' else '1' end, '') as reversed,
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
  await passOver<Page>(address, deadlineMs, table, async ({ rows, ids, reversed, amounts, currencies }) => {
    const [id, amount] = [new PageValues(ids), new PageValues(amounts)]
    for (let row = 0; row < rows; row += 1) {
      id.advance()
      amount.advance()
      if (id.start === id.end) isWhole = false
      if (!id.narrow(prefix, suffix)) continue
      const fee = reversed?.[row] === '1' ? -amount.number() : amount.number()
      fees.see(id, fee, currencyOf(currencies, row, rows))
    }
  })
  return isWhole
}
