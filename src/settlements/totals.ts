import type { Client } from 'pg'
import { feeAmount, payoutAmount } from './comparison-sql.ts'

/**
 * Sums the lines of the file by currency. Payments, refunds and disputes are positive where the provider owes the money to the shop, a
 * fee where the provider keeps it, a payout where it was paid out.
 *
 * @returns JSON, since sums may exceed 2^53
 */
export async function readTotals(client: Client): Promise<string> {
  const { rows } = await client.query<{ totals: string }>(
    `with sums as materialized (
       select l.kind, l.currency, l.net_currency, sum(l.amount) as amount, sum(${feeAmount}) as fees, sum(${payoutAmount}) as paid_out
         from settlement_lines l group by l.kind, l.currency, l.net_currency
     ),
     moved as (
       select kind as what, currency, amount from sums where kind in ('payment', 'refund', 'dispute')
        union all
       select 'fee', net_currency, fees from sums where kind <> 'payout'
        union all
       select 'payout', net_currency, paid_out from sums where kind = 'payout'
     ),
     totals as (
       select currency, ${totalNames.map(([name, what]) => `coalesce(sum(amount) filter (where what = '${what}'), 0) as ${name}`).join(', ')}
         from moved group by currency
     )
     select coalesce(json_agg(row_to_json(totals) order by currency), '[]')::text as totals from totals`,
  )
  return rows[0]?.totals ?? '[]'
}

const totalNames = [
  ['payments', 'payment'],
  ['refunds', 'refund'],
  ['disputes', 'dispute'],
  ['fees', 'fee'],
  ['payouts', 'payout'],
] as const
