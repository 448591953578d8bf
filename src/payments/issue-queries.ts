import type { NewEvent } from '../events/append.ts'
import type { PoolClient } from '../platform/postgres.ts'
import type { IssueResolution, NewIssue } from './changes.ts'
import { issueData, issueOpened } from './events.ts'

/** An issue with the id that it gets. */
export type IdentifiedIssue = NewIssue & Readonly<{ issueId: string }>

/**
 * Opens issues in the transaction that notices them. One that was opened before, by its kind and subject, stays as it is.
 *
 * @returns those that were opened
 */
export async function insertIssues(
  client: PoolClient,
  issues: readonly IdentifiedIssue[],
  nowMs: number,
): Promise<IdentifiedIssue[]> {
  if (issues.length === 0) return []
  const { rows } = await client.query<{ issue_id: string }>(
    `insert into payment_issues (issue_id, kind, subject, order_uid, payment_id, provider, currency, amount, detail, state, version,
                                 opened_at)
     select u.*, 'open', 1, $10::timestamptz
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[]) u
         on conflict (kind, subject) do nothing
      returning issue_id`,
    [
      issues.map(({ issueId }) => issueId),
      issues.map(({ kind }) => kind),
      issues.map(({ subject }) => subject),
      issues.map(({ orderUid }) => orderUid ?? null),
      issues.map(({ paymentId }) => paymentId ?? null),
      issues.map(({ provider }) => provider),
      issues.map(({ currency }) => currency ?? null),
      issues.map(({ amount }) => amount ?? null),
      issues.map(({ detail }) => detail),
      new Date(nowMs),
    ],
  )
  const opened = new Set(rows.map(row => row.issue_id))
  return issues.filter(({ issueId }) => opened.has(issueId))
}

/** Resolves those of the issues that are open. @returns how many were */
export async function resolveIssues(
  client: Pick<PoolClient, 'query'>,
  issues: readonly (Pick<NewIssue, 'kind' | 'subject'> & IssueResolution)[],
): Promise<number> {
  if (issues.length === 0) return 0
  const { rowCount } = await client.query(
    `update payment_issues i
        set state = 'resolved', action = u.action, reason = u.reason, actor = u.actor, resolved_at = u.resolved_at
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
              u (kind, subject, action, reason, actor, resolved_at)
      where i.kind = u.kind and i.subject = u.subject and i.state = 'open'`,
    [
      issues.map(({ kind }) => kind),
      issues.map(({ subject }) => subject),
      issues.map(({ action }) => action),
      issues.map(({ reason }) => reason),
      issues.map(({ actor }) => actor),
      issues.map(({ atMs }) => new Date(atMs)),
    ],
  )
  return rowCount ?? 0
}

/** How an issue was resolved, as it is stored; null while it is open. */
export type ResolutionRow = {
  action: IssueResolution['action'] | null
  reason: string | null
  actor: string | null
  resolved_at: Date | null
}

export function toResolution({ action, reason, actor, resolved_at: at }: ResolutionRow): IssueResolution | undefined {
  if (action === null || reason === null || actor === null || at === null) return undefined
  return { action, reason, actor, atMs: at.getTime() }
}

/** The event that tells of an issue that was opened. */
export function issueEvent(issue: IdentifiedIssue, nowMs: number): NewEvent {
  return {
    streamId: issue.issueId,
    concernsOrder: issue.orderUid,
    sequence: 1,
    definition: issueOpened,
    recordedAt: new Date(nowMs),
    data: JSON.stringify(issueData(issue)),
  }
}
