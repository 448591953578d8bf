import type { Client } from 'pg'
import { bookedTransfers } from '../ledger/transfer-sql.ts'
import { allLines, payoutAmount, payoutSums, transferId } from './comparison-sql.ts'

/** A payout, and what its lines come to. Amounts are whole numbers in decimal, in the currency's minor unit. */
export type Payout = Readonly<{
  payout: string
  currency: string
  /** Lines beside the payout's own. */
  lines: number
  /** What they come to; null without any. */
  linesNet: string | null
  /** What the payout's own lines come to, which is negative; null without any. */
  payoutNet: string | null
  /** By how much payments, fees and payout do not sum to nothing. */
  off: string
  /** Whether an earlier file had another amount for it. */
  isBookedOtherwise: boolean
}>

export const payoutsMax = 1_000

/**
 * Sums the lines of each payout.
 *
 * @param derives whether a payout without a line of its own is what its lines come to
 * @returns those that do not sum to nothing first, at most `payoutsMax`, and how many there are of each
 */
export async function readPayouts(
  client: Client,
  provider: string,
  derives: boolean,
): Promise<{ payouts: Payout[]; total: number; wrong: number }> {
  const { rows } = await client.query<Payout & { total: string; wrong: string }>(
    `with summed as (select * from ${payoutSums} s),
     payout_lines as materialized (select * from ${allLines} l where kind = 'payout' and payout is not null and not is_repeated),
     checked as (
       select s.*,
              case when payout_net is null then case when $2 then 0 else lines_net end
                   when lines_net is null then 0
                   else lines_net + payout_net end as off,
              exists (${bookedOtherwise}) as is_booked_otherwise
         from summed s
     )
     select payout, currency, lines, lines_net as "linesNet", payout_net as "payoutNet", off,
            is_booked_otherwise as "isBookedOtherwise",
            count(*) over () as total, count(*) filter (where off <> 0 or is_booked_otherwise) over () as wrong
       from checked
      order by off <> 0 or is_booked_otherwise desc, payout, currency
      limit ${payoutsMax}`,
    [provider, derives],
  )
  const [first] = rows
  const payouts = rows.map(({ total: _, wrong: __, ...payout }) => payout)
  return { payouts, total: Number(first?.total ?? 0), wrong: Number(first?.wrong ?? 0) }
}

/** Of a payout `s`: its lines are booked otherwise, or what it comes to where it has none. */
const bookedOtherwise = `
  select from payout_lines l join ${bookedTransfers} b on b.transfer_id = ${transferId('l.line_id', 'payout')}
   where l.payout = s.payout and l.net_currency = s.currency
     and (b.currency, b.amount) is distinct from (l.net_currency, abs(${payoutAmount}))
   union all
  select from ${bookedTransfers} b
   where s.payout_net is null and b.transfer_id = ${transferId('s.payout', 'payout')}
     and (b.currency, b.amount) is distinct from (s.currency, abs(s.lines_net))`
