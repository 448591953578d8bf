import type { Pool } from '../platform/postgres.ts'
import type { IssueKind } from './views.ts'

/** What waits, for metrics. */
export type PaymentStats = Readonly<{
  /** Operations whose outcome is not known, and the age of the oldest since its first call. */
  unknown: number
  unknownSeconds: number
  /** How long the operation that is due longest has been due. */
  overdueSeconds: number
  /** The same of the provider's event that is due longest. */
  eventsOverdueSeconds: number
  /** Open issues, by kind. */
  issues: ReadonlyMap<IssueKind, number>
}>

/** Reads by indexes that hold just what is open. */
export async function readPaymentStats(pool: Pool): Promise<PaymentStats> {
  const open = await pool.query<{ unknown: number; unknown_seconds: number; overdue_seconds: number }>(
    `select count(*) filter (where state = 'unknown')::int as unknown,
            coalesce(extract(epoch from now() - min(sent_at) filter (where state = 'unknown')), 0)::float8 as unknown_seconds,
            greatest(coalesce(extract(epoch from now() - min(next_attempt_at)), 0), 0)::float8 as overdue_seconds
       from payment_operations
      where next_attempt_at is not null`,
  )
  const events = await pool.query<{ overdue_seconds: number }>(
    `select greatest(coalesce(extract(epoch from now() - min(next_attempt_at)), 0), 0)::float8 as overdue_seconds
       from provider_events
      where next_attempt_at is not null`,
  )
  const issues = await pool.query<{ kind: IssueKind; count: number }>(
    "select kind, count(*)::int as count from payment_issues where state = 'open' group by kind",
  )
  const [row] = open.rows
  return {
    unknown: row?.unknown ?? 0,
    unknownSeconds: Math.max(0, row?.unknown_seconds ?? 0),
    overdueSeconds: row?.overdue_seconds ?? 0,
    eventsOverdueSeconds: events.rows[0]?.overdue_seconds ?? 0,
    issues: new Map(issues.rows.map(({ kind, count }) => [kind, count])),
  }
}
