import type { Pool } from '../platform/postgres.ts'
import type { IssueResolution, NewIssue, StoredDispute } from './changes.ts'
import { type ResolutionRow, toResolution } from './issue-queries.ts'
import type { IssueKind, IssueState } from './views.ts'

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

/** A place in the list: the last issue that was handed out. */
export type IssuePosition = Pick<StoredIssue, 'openedAtMs' | 'issueId'>

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

/** A page of issues, newest first. @param after the issue before the page */
export async function listIssues(
  pool: Pool,
  filter: IssueFilter,
  after: IssuePosition | undefined,
  limit: number,
): Promise<StoredIssue[]> {
  const values: unknown[] = []
  const value = (given: unknown) => `$${values.push(given)}`
  const conditions = ['true']
  if (filter.state !== undefined) conditions.push(`state = ${value(filter.state)}`)
  if (filter.kinds !== undefined) conditions.push(`kind = any(${value(filter.kinds)})`)
  if (filter.provider !== undefined) conditions.push(`provider = ${value(filter.provider)}`)
  if (filter.orderUid !== undefined) conditions.push(`order_uid = ${value(filter.orderUid)}`)
  if (after !== undefined) {
    const place = `${value(new Date(after.openedAtMs))}::timestamptz, ${value(after.issueId)}`
    conditions.push(`(opened_at, issue_id) < (${place})`)
  }
  const { rows } = await pool.query<IssueRow>(
    `select ${issueColumns}
       from payment_issues
      where ${conditions.join(' and ')}
      order by opened_at desc, issue_id desc
      limit ${limit}`,
    values,
  )
  return rows.map(toIssue)
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
