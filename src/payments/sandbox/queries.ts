import { copierOf, copyInto } from '../../platform/copy.ts'
import { type Pool, violatedKey, withConnection } from '../../platform/postgres.ts'
import type { SandboxEvent } from './events.ts'
import type { SandboxPayment } from './payment.ts'

/**
 * The SQL of the sandbox, one function a statement.
 *
 * Payments are committed without waiting for the disk. The shop's own commit comes later in the same log, and waits: what the shop knows
 * of the sandbox is never lost, and what it does not know yet it asks for again.
 */
const unhurried = "unhurried as materialized (select set_config('synchronous_commit', 'off', true))"

export type StoredPayment = Readonly<{ payment: SandboxPayment; version: number }>

type PaymentRow = { payment: SandboxPayment; version: number }

const selectPayments = 'select payment, version from sandbox_payments'

export async function readPayments(pool: Pool, refs: readonly string[]): Promise<Map<string, StoredPayment>> {
  const { rows } = await pool.query<PaymentRow>(`${selectPayments} where payment_ref = any($1)`, [refs])
  return new Map(rows.map(row => [row.payment.ref, row]))
}

/** The payments that the shop calls so: one, unless it has authorized twice by different keys. */
export async function readPaymentsOf(pool: Pool, paymentId: string): Promise<SandboxPayment[]> {
  const { rows } = await pool.query<PaymentRow>(
    `${selectPayments} where payment_id = $1 order by created_at, payment_ref limit 2`,
    [paymentId],
  )
  return rows.map(({ payment }) => payment)
}

/** Inserts the events of the payments that a statement before has written. */
const insertEvents = (first: number) => `
  insert into sandbox_events (event_id, payment_ref, type, times, attempts, due_at)
  select e.event_id, e.payment_ref, e.type, e.times, 0, e.due_at
    from unnest($${first}::text[], $${first + 1}::text[], $${first + 2}::text[], $${first + 3}::int[], $${first + 4}::timestamptz[])
         e (event_id, payment_ref, type, times, due_at)
    join written using (payment_ref)
      on conflict do nothing`

const valuesOfEvents = (events: readonly SandboxEvent[]) => [
  events.map(({ id }) => id),
  events.map(({ paymentRef }) => paymentRef),
  events.map(({ type }) => type),
  events.map(({ times }) => times),
  events.map(({ dueAtMs }) => new Date(dueAtMs)),
]

/** Inserts new payments with their events. @returns the references of those that were not there */
export async function insertPayments(
  pool: Pool,
  payments: readonly SandboxPayment[],
  events: readonly SandboxEvent[],
): Promise<Set<string>> {
  const copies = [copyOfPayments(payments), copyOfEvents(events)].filter(({ items }) => items > 0)
  try {
    // Nearly all are new: rows that are copied cost half of those that are inserted unless they are there.
    await withConnection(pool, client => copyInto(client, copies, 'set local synchronous_commit = off'))
    return new Set(payments.map(({ ref }) => ref))
  } catch (error) {
    if (violatedKey(error) === undefined) throw error
    return insertNew(pool, payments, events)
  }
}

const copyOfPayments = copierOf<SandboxPayment>('sandbox_payments', [
  { name: 'payment_ref', write: ({ ref }, writer) => writer.text(ref) },
  { name: 'payment_id', write: ({ paymentId }, writer) => writer.text(paymentId) },
  { name: 'order_uid', write: ({ orderUid }, writer) => writer.text(orderUid) },
  { name: 'version', write: (_, writer) => writer.integer(1) },
  { name: 'payment', write: (payment, writer) => writer.text(JSON.stringify(payment)) },
  { name: 'created_at', write: ({ createdAtMs }, writer) => writer.timestamp(createdAtMs) },
])

const copyOfEvents = copierOf<SandboxEvent>('sandbox_events', [
  { name: 'event_id', write: ({ id }, writer) => writer.text(id) },
  { name: 'payment_ref', write: ({ paymentRef }, writer) => writer.text(paymentRef) },
  { name: 'type', write: ({ type }, writer) => writer.text(type) },
  { name: 'times', write: ({ times }, writer) => writer.integer(times) },
  { name: 'attempts', write: (_, writer) => writer.integer(0) },
  { name: 'due_at', write: ({ dueAtMs }, writer) => writer.timestamp(dueAtMs) },
])

/** The same where some are there already, as after a call that is repeated. */
async function insertNew(
  pool: Pool,
  payments: readonly SandboxPayment[],
  events: readonly SandboxEvent[],
): Promise<Set<string>> {
  const { rows } = await pool.query<{ payment_ref: string }>(
    `with ${unhurried}, written as (
       insert into sandbox_payments (payment_ref, payment_id, order_uid, version, payment, created_at)
       select ref, payment_id, order_uid, 1, payment, created_at
         from unhurried, unnest($1::text[], $2::text[], $3::text[], $4::json[], $5::timestamptz[])
                           p (ref, payment_id, order_uid, payment, created_at)
           on conflict do nothing
       returning payment_ref
     ), told as (${insertEvents(6)})
     select payment_ref from written`,
    [
      payments.map(({ ref }) => ref),
      payments.map(({ paymentId }) => paymentId),
      payments.map(({ orderUid }) => orderUid),
      payments.map(payment => JSON.stringify(payment)),
      payments.map(({ createdAtMs }) => new Date(createdAtMs)),
      ...valuesOfEvents(events),
    ],
  )
  return new Set(rows.map(row => row.payment_ref))
}

/** Updates payments that nobody has changed meanwhile, with their events. @returns the references of those */
export async function updatePayments(
  pool: Pool,
  changed: readonly StoredPayment[],
  events: readonly SandboxEvent[],
): Promise<Set<string>> {
  const { rows } = await pool.query<{ payment_ref: string }>(
    `with ${unhurried}, written as (
       update sandbox_payments p
          set payment = c.payment, version = p.version + 1
         from unhurried, unnest($1::text[], $2::int[], $3::json[]) c (ref, version, payment)
        where p.payment_ref = c.ref and p.version = c.version
       returning p.payment_ref
     ), told as (${insertEvents(4)})
     select payment_ref from written`,
    [
      changed.map(({ payment }) => payment.ref),
      changed.map(({ version }) => version),
      changed.map(({ payment }) => JSON.stringify(payment)),
      ...valuesOfEvents(events),
    ],
  )
  return new Set(rows.map(row => row.payment_ref))
}

export type DueEvent = Readonly<{ id: string; paymentRef: string; type: string; times: number; attempts: number }>

const claimed = 'event_id as id, payment_ref as "paymentRef", type, times, attempts'

/**
 * Claims events that are due, the longest due first: another instance has them again when the claim ends.
 *
 * @param claim paymentRef: those of one payment only
 */
export async function claimDueEvents(
  pool: Pool,
  claim: Readonly<{ nowMs: number; untilMs: number; eventsMax: number; paymentRef?: string }>,
): Promise<DueEvent[]> {
  const { rows } = await pool.query<DueEvent & { due: Date }>(
    `with due as (
       select event_id, due_at
         from sandbox_events
        where due_at <= $1 and ($4::text is null or payment_ref = $4)
        order by due_at, event_id
        limit $3
     ), claimed as (
       update sandbox_events e
          set due_at = $2, attempts = attempts + 1
         from due
        where e.event_id = due.event_id and e.due_at <= $1
       returning ${claimed.replace('event_id', 'e.event_id')}, due.due_at as due
     )
     select * from claimed order by due, id`,
    [new Date(claim.nowMs), new Date(claim.untilMs), claim.eventsMax, claim.paymentRef ?? null],
  )
  return rows
}

export async function deleteEvents(pool: Pool, ids: readonly string[]): Promise<void> {
  await pool.query('delete from sandbox_events where event_id = any($1)', [ids])
}
