import type { QueryConfig } from 'pg'
import type { Pool } from '../platform/postgres.ts'

/** What was found when a guarantee was checked. */
export type Finding = {
  /** Its number among the guarantees. */
  invariant: string
  /** What must hold. */
  says: string
  /** How many orders break it. */
  broken: number
  /** Some of them. */
  examples: string[]
}

/** Checking millions of orders takes longer than any statement of the service. */
const checkDeadlineMs = 3_600_000

/** A look at a few orders that takes longer than this says more of the database than of them. */
const sampleDeadlineMs = 5_000

/** How far back the newest part of the log reaches that a sample is taken from. */
const sampleEventsMax = 200

/** How many of the orders that break a rule are named. */
const examplesMax = 5

/** How long past its deadline an unpaid order may wait for the sweep. */
const expiryToleranceMs = 60_000

/** Each selects the uids of the orders that break a rule. They read the tables once, in any state of the service. */
const checks = [
  {
    invariant: 'I1',
    says: 'the columns of an order say what its document says',
    sql: `select order_uid from orders
           where document::json ->> 'order_uid' <> order_uid
              or document::json ->> 'customer_id' <> customer_id
              or document::json ->> 'track_number' <> track_number
              or (document::json #>> '{payment,amount}')::bigint <> amount
              or document::json #>> '{payment,currency}' <> currency`,
  },
  {
    invariant: 'I1',
    says: 'an order has the lines of its document, each once',
    sql: `select o.order_uid
            from orders o
            left join (select order_uid, count(*) as lines, sum(total_price) as total
                         from order_items group by order_uid) i using (order_uid)
           where json_array_length(o.document::json -> 'items') is distinct from i.lines
              or (o.document::json #>> '{payment,goods_total}')::numeric is distinct from i.total`,
  },
  {
    invariant: 'I1',
    says: 'lines, events and transitions belong to an order that is there',
    sql: `select order_uid
            from (select order_uid from order_items
                   union select order_uid from events
                   union select order_uid from order_transitions) part
           where not exists (select from orders o where o.order_uid = part.order_uid)`,
  },
  {
    invariant: 'I4',
    // Where the old part of the log was dropped, an order's events begin later, or have all been in that part.
    says: "an order's events are numbered from the first that is kept to its version, without a gap",
    sql: `select o.order_uid
            from orders o
            left join (select order_uid, count(*) as events, min(sequence) as first, max(sequence) as last
                         from events group by order_uid) e using (order_uid)
            left join event_log_start s on true
           where case when e.events is null then s.recorded_before is null or o.updated_at >= s.recorded_before
                      else e.last <> o.version or e.events <> e.last - e.first + 1 or (e.first > 1 and s.recorded_before is null)
                 end`,
  },
  {
    invariant: 'I4',
    says: 'the log has the events of an order in their order',
    sql: `select order_uid
            from (select order_uid, sequence,
                         lag(sequence) over (partition by order_uid order by xid, position) as previous
                    from events) e
           where sequence <= previous`,
  },
  {
    invariant: 'I4',
    says: 'the state of an order is what its last event says',
    sql: `select o.order_uid
            from orders o
            join events e on e.order_uid = o.order_uid and e.sequence = o.version
           where e.data::json ->> 'status' <> o.status::text
              or e.data::json ->> 'payment_status' <> o.payment_status::text
              or e.data::json ->> 'delivery_status' <> o.delivery_status::text`,
  },
  {
    invariant: 'I4',
    says: 'every change of status is in the history, from the status before',
    sql: `select order_uid
            from (select t.order_uid, t.from_status::text as from_status,
                         coalesce(lag(t.to_status::text) over (partition by t.order_uid order by t.version),
                                  (select p.data::json ->> 'status' from events p
                                    where p.order_uid = t.order_uid and p.sequence = 1)) as previous
                    from order_transitions t) t
           where from_status <> previous`,
  },
] as const

/**
 * The newest orders of the log and their rows, under the names of the tables: a check that stands behind this looks at nothing
 * else, through the indexes.
 */
const newest = `
  sampled as (select distinct order_uid
                from (select order_uid from events order by xid desc, position desc limit ${sampleEventsMax}) last),
  orders as (select * from orders join sampled using (order_uid)),
  order_items as (select * from order_items join sampled using (order_uid)),
  events as (select * from events join sampled using (order_uid)),
  order_transitions as (select * from order_transitions join sampled using (order_uid)),`

/** The guarantees that are checked, by number. */
export const checkedInvariants: readonly string[] = [...new Set([...checks.map(({ invariant }) => invariant), 'I5'])]

/**
 * Checks the guarantees of orders on a live database, each by one statement, so that what is written meanwhile is seen wholly
 * or not at all. Nothing is changed.
 *
 * @param nowMs milliseconds since 1970
 * @param unpaidExpiresAfterMs after how long unpaid orders expire; undefined: never
 */
export async function verifyOrders(
  pool: Pool,
  nowMs: number,
  unpaidExpiresAfterMs: number | undefined,
): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const rule of checks) findings.push(await check(pool, rule))
  return [...findings, ...(await checkExpiry(pool, nowMs, unpaidExpiresAfterMs))]
}

/** The same for the orders that something happened to last, a hundred or two; takes some ten milliseconds however many there are. */
export async function verifyNewestOrders(
  pool: Pool,
  nowMs: number,
  unpaidExpiresAfterMs: number | undefined,
): Promise<Finding[]> {
  const sample = { among: newest, deadlineMs: sampleDeadlineMs }
  const findings: Finding[] = []
  for (const rule of checks) findings.push(await check(pool, { ...rule, ...sample }))
  return [...findings, ...(await checkExpiry(pool, nowMs, unpaidExpiresAfterMs, sampleDeadlineMs))]
}

/** An index has just the orders that this looks at. */
async function checkExpiry(
  pool: Pool,
  nowMs: number,
  unpaidExpiresAfterMs: number | undefined,
  deadlineMs?: number,
): Promise<Finding[]> {
  if (unpaidExpiresAfterMs === undefined) return []
  const since = new Date(nowMs - unpaidExpiresAfterMs - expiryToleranceMs).toISOString()
  const sql = `select order_uid from orders where status = 'pending' and payment_status = 'unpaid' and updated_at < $1`
  const says = 'no unpaid order waits longer than it may'
  return [await check(pool, { invariant: 'I5', says, sql, values: [since], ...(deadlineMs && { deadlineMs }) })]
}

/** A rule, and in `among` what stands before its statement. */
type Check = {
  invariant: string
  says: string
  sql: string
  values?: string[]
  among?: string
  deadlineMs?: number
}

async function check(pool: Pool, rule: Check): Promise<Finding> {
  const { invariant, says, sql, values = [], among = '', deadlineMs = checkDeadlineMs } = rule
  const client = await pool.connect()
  try {
    await client.query(`begin read only; set local statement_timeout = ${deadlineMs}`)
    const query: QueryConfig & { query_timeout: number } = {
      text: `with ${among} found as (${sql})
             select count(*) as broken,
                    (select array_agg(order_uid) from (select order_uid from found limit ${examplesMax}) named) as examples
               from found`,
      values,
      query_timeout: deadlineMs,
    }
    const { rows } = await client.query<{ broken: string; examples: string[] | null }>(query)
    await client.query('commit')
    client.release()
    return { invariant, says, broken: Number(rows[0]?.broken ?? 0), examples: rows[0]?.examples ?? [] }
  } catch (error) {
    client.release(true)
    throw error
  }
}
