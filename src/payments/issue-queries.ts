import type { NewEvent } from '../events/append.ts'
import type { PoolClient } from '../platform/postgres.ts'
import type { IssueResolution, NewIssue } from './changes.ts'
import { issueOpened, issueOpenedData, issueResolved, issueResolvedData } from './issue-events.ts'
import type { IssueKind } from './views.ts'

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

/**
 * Resolves those of the issues that are open, in the transaction that settles them.
 *
 * @returns their events: one for each that was open
 */
export async function resolveIssues(
  client: PoolClient,
  issues: readonly (Pick<NewIssue, 'kind' | 'subject'> & IssueResolution)[],
): Promise<NewEvent[]> {
  if (issues.length === 0) return []
  const { rows } = await client.query<ResolvedRow>(
    `update payment_issues i
        set state = 'resolved', version = version + 1, action = u.action, reason = u.reason, actor = u.actor,
            resolved_at = u.resolved_at
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
              u (kind, subject, action, reason, actor, resolved_at)
      where i.kind = u.kind and i.subject = u.subject and i.state = 'open'
  returning i.issue_id, i.version, i.kind, i.subject, i.order_uid, i.payment_id, i.provider, i.currency, i.amount::float8 as amount,
            i.action, i.reason, i.actor, i.resolved_at`,
    [
      issues.map(({ kind }) => kind),
      issues.map(({ subject }) => subject),
      issues.map(({ action }) => action),
      issues.map(({ reason }) => reason),
      issues.map(({ actor }) => actor),
      issues.map(({ atMs }) => new Date(atMs)),
    ],
  )
  return rows.map(resolvedEvent)
}

type ResolvedRow = {
  issue_id: string
  version: number
  kind: IssueKind
  subject: string
  order_uid: string | null
  payment_id: string | null
  provider: string
  currency: string | null
  amount: number | null
  action: IssueResolution['action']
  reason: string
  actor: string
  resolved_at: Date
}

function resolvedEvent(row: ResolvedRow): NewEvent {
  const { kind, subject, provider, resolved_at: recordedAt } = row
  const issue = {
    ...{ kind, subject, provider },
    orderUid: row.order_uid ?? undefined,
    paymentId: row.payment_id ?? undefined,
    currency: row.currency ?? undefined,
    amount: row.amount ?? undefined,
  }
  const data = issueResolvedData(issue, { ...row, atMs: recordedAt.getTime() })
  return {
    streamId: row.issue_id,
    concernsOrder: issue.orderUid,
    sequence: row.version,
    definition: issueResolved,
    recordedAt,
    data: JSON.stringify(data),
  }
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
    data: JSON.stringify(issueOpenedData(issue)),
  }
}
