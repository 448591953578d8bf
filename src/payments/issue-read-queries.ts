import type { Pool } from '../platform/postgres.ts'
import type { IssueResolution, NewIssue, StoredDispute } from './changes.ts'
import { type ResolutionRow, toResolution } from './issue-queries.ts'
import { type IssueKind, type IssueState, issueKinds } from './views.ts'
import { pageOf, walkedMax, walkedRows } from '../platform/walked-page.ts'
import type { TimedPosition } from '../platform/timed-cursor.ts'

/** Payment issues as they are read, without a lock. */

export type StoredIssue = NewIssue &
  Readonly<{
    issueId: string
    openedAtMs: number
    /** Undefined while it is open. */
    resolution: IssueResolution | undefined
  }>

/** Which issues a list has; each condition that is given must hold. */
export type IssueFilter = Readonly<{
  state: IssueState | undefined
  kinds: readonly IssueKind[] | undefined
  provider: string | undefined
  orderUid: string | undefined
}>

type IssueRow = ResolutionRow & {
  issue_id: string
  kind: IssueKind
  subject: string
  order_uid: string | null
  payment_id: string | null
  provider: string
  currency: string | null
  amount: number | null
  detail: string
  opened_at: Date
}

const issueColumns = `issue_id, kind, subject, order_uid, payment_id, provider, currency, amount::float8 as amount, detail, opened_at,
  action, reason, actor, resolved_at`

function toIssue(row: IssueRow): StoredIssue {
  return {
    issueId: row.issue_id,
    kind: row.kind,
    subject: row.subject,
    orderUid: row.order_uid ?? undefined,
    paymentId: row.payment_id ?? undefined,
    provider: row.provider,
    currency: row.currency ?? undefined,
    amount: row.amount ?? undefined,
    detail: row.detail,
    openedAtMs: row.opened_at.getTime(),
    resolution: toResolution(row),
  }
}

/** @returns undefined when there is no such issue */
export async function readIssue(pool: Pool, issueId: string): Promise<StoredIssue | undefined> {
  const { rows } = await pool.query<IssueRow>(`select ${issueColumns} from payment_issues where issue_id = $1`, [
    issueId,
  ])
  return rows[0] && toIssue(rows[0])
}

/** A page of issues, and where the next one begins: undefined on the last page. */
export type IssuePage = Readonly<{ issues: readonly StoredIssue[]; next: TimedPosition | undefined }>

/**
 * A page of issues, newest first. A page of a filter that few issues pass may have fewer than the limit, or none, before the last one.
 *
 * @param after the issue before the page
 */
export async function listIssues(
  pool: Pool,
  filter: IssueFilter,
  after: TimedPosition | undefined,
  limit: number,
): Promise<IssuePage> {
  const values: unknown[] = []
  const value = (given: unknown) => `$${values.push(given)}`
  const bounds: string[] = []
  const conditions: string[] = []
  const { state, kinds, provider, orderUid } = filter
  if (orderUid !== undefined) bounds.push(`order_uid = ${value(orderUid)}`)
  if (after !== undefined)
    bounds.push(`(opened_at, issue_id) < (${value(new Date(after.atMs))}::timestamptz, ${value(after.id)})`)
  // Indexes have the open issues of a kind, in their order, and those of an order.
  const isByKind = state === 'open' && orderUid === undefined
  const branches = isByKind
    ? [...new Set(kinds ?? issueKinds)].map(kind => [...bounds, "state = 'open'", `kind = ${value(kind)}`])
    : [bounds]
  if (!isByKind && state !== undefined) conditions.push(`state = ${value(state)}`)
  if (!isByKind && kinds !== undefined) conditions.push(`kind = any(${value(kinds)})`)
  if (provider !== undefined) conditions.push(`provider = ${value(provider)}`)
  const rowsMax = Math.ceil(walkedMax / branches.length)
  const walk = { table: 'payment_issues', keys: ['issue_id'], sortedBy: ['opened_at', 'issue_id'] }
  const walks = branches.map(branch => walkedRows({ ...walk, bounds: branch, conditions, limit, rowsMax }))
  const { rows } = await pool.query<IssueRow & { fits: boolean; number: string }>(
    `select ${issueColumns}, k.fits, k.number
       from (${walks.join(' union all ')}) k
       join payment_issues i using (issue_id)
      order by i.opened_at desc, i.issue_id desc`,
    values,
  )
  const page = pageOf(rows, { conditions, limit, rowsMax })
  const next = page.last && { atMs: page.last.opened_at.getTime(), id: page.last.issue_id }
  return { issues: page.rows.map(toIssue), next }
}

/** The disputes of several orders. */
export async function readDisputesOf(
  pool: Pool,
  orderUids: readonly string[],
): Promise<Pick<StoredDispute, 'paymentId' | 'ref'>[]> {
  if (orderUids.length === 0) return []
  const { rows } = await pool.query<{ payment_id: string; dispute_ref: string }>(
    'select payment_id, dispute_ref from payment_disputes where order_uid = any($1)',
    [orderUids],
  )
  return rows.map(row => ({ paymentId: row.payment_id, ref: row.dispute_ref }))
}
