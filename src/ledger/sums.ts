import { isSettled } from '../events/log.ts'
import type { Logger } from '../platform/log.ts'
import { runPeriodically } from '../platform/periodic.ts'
import { inTransaction, type Pool } from '../platform/postgres.ts'

/**
 * The sums of the ledger: what each account was debited and credited within a minute, and within a day. Transfers are added to them in
 * the order of the log, each once: how far that is stands in the same transaction. What is not added yet is summed when it is asked for,
 * so sums that are late cost time and are never wrong.
 */

/** The spans of time that are summed, in seconds; `ledger_sums` allows these. */
export const minuteSeconds = 60
export const daySeconds = 86_400

/** How many transfers are added by a transaction: some 50 ms. */
const transfersMax = 10_000

const pauseMs = 1_000
const retryMs = 250

/** Transfers of a minute between the same accounts are summed first: a few rows are left for the accounts and the days. */
const addNext = `
  with next as (
    select xid, position, debit, credit, currency, amount, recorded_at
      from ledger_transfers
     where (xid, position) > ($1::xid8, $2::bigint) and ${isSettled}
     order by xid, position
     limit $3
  ), minutes as (
    select date_bin(interval '${minuteSeconds} seconds', recorded_at, 'epoch') as begins_at, debit, credit, currency, sum(amount) as amount
      from next
     group by 1, 2, 3, 4
  ), added as (
    insert into ledger_sums (seconds, begins_at, account, currency, debits, credits)
    select seconds, date_bin(make_interval(secs => seconds), m.begins_at, 'epoch') as begins_at, account, currency,
           sum(debits), sum(credits)
      from minutes m
     cross join lateral (values (debit, amount, 0), (credit, 0, amount)) leg (account, debits, credits)
     cross join (values (${minuteSeconds}), (${daySeconds})) span (seconds)
     group by seconds, 2, account, currency
     order by seconds, 2, account, currency
        on conflict (seconds, begins_at, account, currency) do update
           set debits = ledger_sums.debits + excluded.debits, credits = ledger_sums.credits + excluded.credits
  ), moved as (
    update ledger_checkpoint
       set xid = last.xid, position = last.position
      from (select xid, position from next order by xid desc, position desc limit 1) last
  )
  select count(*)::int as added from next`

/**
 * Adds the next transfers to the sums. Any number of instances may do so at once: one does it.
 *
 * @param max how many at most
 * @returns how many were added; 0 as well while another instance adds
 */
export function addToSums(pool: Pool, max = transfersMax): Promise<number> {
  return inTransaction(pool, async client => {
    await client.query(`insert into ledger_checkpoint (xid, position) values ('0', 0) on conflict do nothing`)
    const { rows } = await client.query<{ xid: string; position: string }>(
      'select xid, position from ledger_checkpoint for update skip locked',
    )
    const [place] = rows
    if (place === undefined) return 0
    const { rows: done } = await client.query<{ added: number }>(addNext, [place.xid, place.position, max])
    return done[0]?.added ?? 0
  })
}

/** Keeps the sums, until told to stop. */
export async function runSums({ pool, log }: { pool: Pool; log: Logger }, stop: AbortSignal): Promise<void> {
  const run = async () => ((await addToSums(pool)) === transfersMax ? 'more' : 'done')
  await runPeriodically({ run, pauseMs, retryMs, failure: 'the sums of the ledger could not be kept', log }, stop)
}
