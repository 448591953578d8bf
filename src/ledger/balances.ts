import type { Pool } from '../platform/postgres.ts'
import { daySeconds, minuteSeconds } from './sums.ts'

/** What an account was debited and credited. Amounts are whole numbers in decimal, in the currency's minor unit: they may exceed 2^53. */
export type Balance = { account: string; currency: string; debits: string; credits: string; balance: string }

/** A position in the list of balances: the last account that was handed out. */
export type BalancePosition = { account: string; currency: string }

/** Each transfer as what it does to its two accounts. */
export const legs =
  'cross join lateral (values (debit, amount, 0::numeric), (credit, 0::numeric, amount)) leg (account, debits, credits)'
const summed = `((select xid from ledger_checkpoint), (select position from ledger_checkpoint))`
const unsummed = `
  select account, currency, debits, credits
    from ledger_transfers ${legs}
   where (xid, position) > (coalesce((select xid from ledger_checkpoint), '0'), coalesce((select position from ledger_checkpoint), 0))`

const now = `
  select account, currency, debits, credits from ledger_sums where seconds = ${daySeconds}
   union all
  ${unsummed}`

/** The days before, the minutes of the day, and of the last minute the transfers themselves. */
const at = `
  select account, currency, debits, credits from ledger_sums where seconds = ${daySeconds} and begins_at < $4
   union all
  select account, currency, debits, credits
    from ledger_sums
   where seconds = ${minuteSeconds} and begins_at >= $4 and begins_at < $5
   union all
  select account, currency, debits, credits
    from ledger_transfers ${legs}
   where recorded_at >= $5 and recorded_at < $6 and (xid, position) <= ${summed}
   union all
  ${unsummed} and recorded_at < $6`

/**
 * Reads the balances of accounts by one statement, so they are those of one moment, whether the sums have come that far or not.
 *
 * @param query atMs: transfers that were recorded before it count; undefined: all. after: where the page begins
 * @returns sorted by account and currency, at most `limit`
 */
export async function readBalances(
  pool: Pool,
  { atMs, after, limit }: { atMs?: number | undefined; after?: BalancePosition | undefined; limit: number },
): Promise<Balance[]> {
  const values: unknown[] = [limit, after?.account ?? null, after?.currency ?? null]
  if (atMs !== undefined) values.push(beginOf(atMs, daySeconds), beginOf(atMs, minuteSeconds), new Date(atMs))
  const { rows } = await pool.query<Balance>(
    `select account, currency, sum(debits)::text as debits, sum(credits)::text as credits,
            (sum(debits) - sum(credits))::text as balance
       from (${atMs === undefined ? now : at}) moved
      where $2::text is null or (account collate "C", currency collate "C") > ($2, $3)
      group by account, currency
      order by account collate "C", currency collate "C"
      limit $1`,
    values,
  )
  return rows
}

function beginOf(atMs: number, seconds: number): Date {
  return new Date(Math.floor(atMs / (seconds * 1000)) * seconds * 1000)
}
