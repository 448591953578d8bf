import { type Finding, runCheck } from '../platform/integrity.ts'
import type { Pool } from '../platform/postgres.ts'
import { checkDocuments, type DocumentFindings } from './documents-check.ts'
import { orderChecks } from './order-checks.ts'

/** Checking millions of orders takes longer than any statement of the service. */
export const checkDeadlineMs = 3_600_000

/** A look at a few orders that takes longer than this says more of the database than of them. */
const sampleDeadlineMs = 5_000

/** How far back the newest part of the log reaches that a sample is taken from. */
const sampleEventsMax = 200

/** How long past its deadline an unpaid order may wait for the sweep. */
const expiryToleranceMs = 60_000

const newestUids = `
  select distinct order_uid
    from (select order_uid from events order by xid desc, position desc limit ${sampleEventsMax}) last`

/**
 * The newest orders of the log and their rows, under the names of the tables: a check that stands behind this looks at nothing
 * else, through the indexes.
 */
const newest = `
  sampled as (${newestUids}),
  orders as (select * from orders join sampled using (order_uid)),
  order_items as (select * from order_items join sampled using (order_uid)),
  events as (select * from events join sampled using (order_uid)),
  order_transitions as (select * from order_transitions join sampled using (order_uid)),
  order_command_receipts as (select * from order_command_receipts join sampled using (order_uid)),`

/** The guarantees that are checked, by number. */
export const checkedInvariants: readonly string[] = ['I1', 'I4', 'I5']

/**
 * Checks the guarantees of orders on a live database, each by one statement, so that what is written meanwhile is seen wholly
 * or not at all. Nothing is changed.
 *
 * @param nowMs milliseconds since 1970
 * @param unpaidExpiresAfterMs after how long unpaid orders expire; undefined: never
 * @param onProgress hears what is done, in a few words
 */
export async function verifyOrders(
  pool: Pool,
  nowMs: number,
  unpaidExpiresAfterMs: number | undefined,
  onProgress?: (sentence: string) => void,
): Promise<Finding[]> {
  return (await verifyAllOrders(pool, nowMs, unpaidExpiresAfterMs, onProgress)).findings
}

/** The same, and of how many orders. */
export async function verifyAllOrders(
  pool: Pool,
  nowMs: number,
  unpaidExpiresAfterMs: number | undefined,
  onProgress?: (sentence: string) => void,
): Promise<DocumentFindings> {
  const onOrders = (orders: number) =>
    onProgress?.(`${orders.toLocaleString('en')} orders compared with their documents`)
  const documents = await checkDocuments(pool, { deadlineMs: checkDeadlineMs, onProgress: onOrders })
  const { findings } = documents
  for (const rule of orderChecks) {
    findings.push(await runCheck(pool, rule, { deadlineMs: checkDeadlineMs }))
    onProgress?.(`checked: ${rule.says}`)
  }
  findings.push(...(await checkExpiry(pool, nowMs, unpaidExpiresAfterMs, checkDeadlineMs)))
  return documents
}

/** The same for the orders that something happened to last, a hundred or two; takes some ten milliseconds however many there are. */
export async function verifyNewestOrders(
  pool: Pool,
  nowMs: number,
  unpaidExpiresAfterMs: number | undefined,
): Promise<Finding[]> {
  const { findings } = await checkDocuments(pool, { among: newestUids, deadlineMs: sampleDeadlineMs })
  const sample = { among: newest, deadlineMs: sampleDeadlineMs }
  for (const rule of orderChecks) findings.push(await runCheck(pool, rule, sample))
  return [...findings, ...(await checkExpiry(pool, nowMs, unpaidExpiresAfterMs, sampleDeadlineMs))]
}

/** An index has just the orders that this looks at. */
async function checkExpiry(
  pool: Pool,
  nowMs: number,
  unpaidExpiresAfterMs: number | undefined,
  deadlineMs: number,
): Promise<Finding[]> {
  if (unpaidExpiresAfterMs === undefined) return []
  const since = new Date(nowMs - unpaidExpiresAfterMs - expiryToleranceMs).toISOString()
  const sql = `select order_uid from orders where status = 'pending' and payment_status = 'unpaid' and updated_at < $1`
  const says = 'no unpaid order waits longer than it may'
  return [await runCheck(pool, { invariant: 'I5', says, sql, values: [since] }, { deadlineMs })]
}
