import type { Client } from 'pg'

/**
 * Reads the progress of the intake and the relay from PostgreSQL. The service's metrics have it too, but scraping them often would slow
 * down what is measured; here each read costs as much as there is new.
 */
export type LogProgress = {
  /** Events committed since the start, and their transactions. */
  events: number
  transactions: number
  /** Whether the relay has remembered that everything up to the last of them is published. */
  isPublished: boolean
}

/** Starts after what is in the log now. */
export async function followLog(client: Client): Promise<() => Promise<LogProgress>> {
  // Builds before the log could move to another server number its transactions as the server does.
  const { rows: functions } = await client.query(`select from pg_proc where proname = 'in_log'`)
  const inLog = (xid: string) => (functions.length === 0 ? xid : `in_log(${xid})`)
  const next = inLog('pg_snapshot_xmax(pg_current_snapshot())')
  const { rows } = await client.query<{ xid: string }>(`select ${next} as xid`)
  // The first new transaction may have that very number, so it starts after the one before.
  let last = String(BigInt(rows[0]?.xid ?? 1) - 1n)
  let events = 0
  let transactions = 0
  return async () => {
    const { rows: fresh } = await client.query<{ xid: string; events: number }>({
      name: 'fresh',
      text: `select xid, count(*)::int as events
               from events
              where xid > $1::xid8 and xid < ${inLog('pg_snapshot_xmin(pg_current_snapshot())')}
              group by xid
              order by xid`,
      values: [last],
    })
    for (const row of fresh) {
      events += row.events
      transactions += 1
      last = row.xid
    }
    const { rows: places } = await client.query<{ done: boolean }>({
      name: 'place',
      text: `select (xid, position) >= (select xid, position from events order by xid desc, position desc limit 1) as done
               from log_readers
              where name = 'kafka'`,
    })
    return { events, transactions, isPublished: places[0]?.done ?? false }
  }
}
