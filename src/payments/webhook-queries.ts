import type { Pool } from '../platform/postgres.ts'

/** The SQL of the inbox of providers' events, one function a statement. */

/** An event of a provider that is not applied yet. */
export type ProviderEvent = Readonly<{
  provider: string
  eventId: string
  type: string
  /** Of the payment that is fetched from the provider. */
  providerRef: string
  /** How often it was claimed, with this time. */
  attempts: number
}>

/**
 * Stores an event, once however often it comes.
 *
 * @param event providerRef: undefined for one that is about no payment, and so has nothing to apply; isOurs: false for one of another
 *   shop. Neither is worked on
 * @returns whether it is new
 */
export async function storeProviderEvent(
  pool: Pool,
  event: Readonly<{
    provider: string
    eventId: string
    type: string
    providerRef: string | undefined
    isOurs: boolean
  }>,
  nowMs: number,
): Promise<boolean> {
  const { provider, eventId, type, providerRef, isOurs } = event
  const isDue = isOurs && providerRef !== undefined
  const now = new Date(nowMs)
  const { rowCount } = await pool.query(
    `insert into provider_events (provider, event_id, type, provider_ref, state, attempts, received_at, settled_at, next_attempt_at)
     values ($1, $2, $3, $4, $5, 0, $6, $7, $8)
         on conflict (provider, event_id) do nothing`,
    [provider, eventId, type, providerRef, isDue ? 'received' : 'ignored', now, isDue ? null : now, isDue ? now : null],
  )
  return rowCount === 1
}

/**
 * Claims events that are due, the longest due first. Another instance has them again when the claim ends.
 *
 * @param claim untilMs: when it ends
 */
export async function claimDueProviderEvents(
  pool: Pool,
  claim: Readonly<{ nowMs: number; untilMs: number; eventsMax: number }>,
): Promise<ProviderEvent[]> {
  const { rows } = await pool.query<ProviderEvent>(
    `update provider_events e
        set next_attempt_at = $2, attempts = e.attempts + 1
       from (select provider, event_id
               from provider_events
              where next_attempt_at <= $1
              order by next_attempt_at
              limit $3) due
      where e.provider = due.provider and e.event_id = due.event_id and e.next_attempt_at <= $1
     returning e.provider, e.event_id as "eventId", e.type, e.provider_ref as "providerRef", e.attempts`,
    [new Date(claim.nowMs), new Date(claim.untilMs), claim.eventsMax],
  )
  return rows
}

type EventKey = Pick<ProviderEvent, 'provider' | 'eventId'>

const given = 'from unnest($1::text[], $2::text[]) given (provider, event_id)'
const isGiven = 'e.provider = given.provider and e.event_id = given.event_id'
const keysOf = (events: readonly EventKey[]) => [
  events.map(({ provider }) => provider),
  events.map(({ eventId }) => eventId),
]

/** Notes what became of events. */
export async function settleProviderEvents(
  pool: Pool,
  events: readonly EventKey[],
  state: 'applied' | 'ignored',
  nowMs: number,
): Promise<void> {
  await pool.query(
    `update provider_events e
        set state = $3, settled_at = $4, next_attempt_at = null
       ${given}
      where ${isGiven} and e.state = 'received'`,
    [...keysOf(events), state, new Date(nowMs)],
  )
}

/** Puts events off. */
export async function postponeProviderEvents(pool: Pool, events: readonly EventKey[], untilMs: number): Promise<void> {
  await pool.query(
    `update provider_events e set next_attempt_at = $3 ${given} where ${isGiven} and e.state = 'received'`,
    [...keysOf(events), new Date(untilMs)],
  )
}

/** Removes events that were settled before a time, the oldest first. @returns how many */
export async function removeOldProviderEvents(pool: Pool, beforeMs: number, eventsMax: number): Promise<number> {
  const { rowCount } = await pool.query(
    `delete from provider_events e
      using (select provider, event_id from provider_events where settled_at < $1 order by settled_at limit $2) old
      where e.provider = old.provider and e.event_id = old.event_id`,
    [new Date(beforeMs), eventsMax],
  )
  return rowCount ?? 0
}
