import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { advisoryLockSpaces } from '../advisory-locks.ts'
import { brokenRules } from '../../test/invariants.ts'
import { createPaymentApp } from '../../test/payments.ts'
import { decideBegin } from './decide-begin.ts'
import type { Changes, OrderPayments, PaymentRules } from './changes.ts'
import { contextAt } from './commands.ts'
import { createPaymentWriter, type PaymentWriter } from './group.ts'
import { newId } from './ids.ts'
import { paymentsApi } from './module.ts'

setDefaultTimeout(60_000)

let t: Awaited<ReturnType<typeof createPaymentApp>>
let shiftMs = 0

beforeAll(async () => {
  t = await createPaymentApp({ now: () => Date.now() + shiftMs })
})

afterAll(async () => {
  expect(await brokenRules(t.pool)).toEqual([])
  await t.close()
})

describe('a group of changes', () => {
  test('does not wait for an order that another transaction has: it is tried for a while, and then refused', async () => {
    const [locked, free] = [await t.place(), await t.place()]
    const holder = await t.pool.connect()
    await holder.query('begin')
    await holder.query('select pg_advisory_xact_lock($1, hashtext($2))', [advisoryLockSpaces.orders, locked.uid])
    const [waiting, other] = await Promise.all([t.pay(locked.uid), t.pay(free.uid)])
    expect(other).toMatchObject({ status: 201, state: 'captured' })
    expect(waiting).toMatchObject({ status: 503, code: 'ORDER_LOCKED' })
    const later = t.pay(locked.uid)
    await holder.query('rollback')
    holder.release()
    expect(await later).toMatchObject({ status: 201, state: 'captured' })
  })

  test('is refused by the database when a row that it changes is not there', async () => {
    const { uid } = await t.place()
    const { id } = await t.pay(uid)
    const stored =
      'select p::text as payment, s::text as totals from payments p join payment_totals s using (order_uid) where payment_id = $1'
    const { rows: before } = await t.pool.query(stored, [id])
    const there = [{ order_uid: uid, payment_id: id, state: 'voided', updated_at: new Date(0) }]
    const gone = { order_uid: uid, payment_id: 'gone', operation_id: 'gone' }
    for (const [changes, message] of [
      [[[...there, gone], null, null], 'a payment that is to be changed is not there'],
      [[there, [gone], null], 'an operation that is to be changed is not there'],
      [[there, null, [{ order_uid: 'gone' }]], 'totals that are to be changed are not there'],
    ] as const) {
      const values = changes.map(rows => rows && JSON.stringify(rows))
      await expect(t.pool.query('select change_payments($1, $2, $3)', values)).rejects.toThrow(message)
    }
    expect((await t.pool.query(stored, [id])).rows).toEqual(before)
  })

  test('saves what the database takes, when it refuses one of them', async () => {
    const { writer, rules } = paymentsApi.of(t.app.context)
    const orders = [await t.place(), await t.place(), await t.place()]
    const outcomes = await Promise.allSettled(
      orders.map(({ uid, amount }, index) =>
        writer.change({
          orderUid: uid,
          decide(before, nowMs) {
            const changes = begun(before, rules, nowMs, amount)
            // More than the order's amount, whatever the code believes.
            const totals = index === 1 ? { ...changes.totals, open: amount + 1 } : changes.totals
            return { result: uid, changes: { ...changes, totals } }
          },
        }),
      ),
    )
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(String((outcomes[1] as PromiseRejectedResult).reason)).toContain('payments_fit_the_order')
    const counts = await Promise.all(orders.map(({ uid }) => t.read<object[]>(`/api/orders/${uid}/payments`)))
    expect(counts.map(({ length }) => length)).toEqual([1, 0, 1])
  })

  test('is decided by what another instance has changed since this one has saved the order', async () => {
    const { writer, rules } = paymentsApi.of(t.app.context)
    const { uid, amount } = await t.place()
    const half = Math.floor(amount / 2)
    const other = createPaymentWriter({
      pool: t.pool,
      now: Date.now,
      orders: { expiresAfterMs: undefined, parts: () => [] },
      onCommitted: () => undefined,
    })
    const beginAt = (at: PaymentWriter) =>
      at.change({
        orderUid: uid,
        decide: (before, nowMs) => ({ result: before, changes: begun(before, rules, nowMs, half) }),
      })
    await beginAt(writer)
    await beginAt(other)
    const seen = await writer.change({ orderUid: uid, decide: before => ({ result: before?.operations.length }) })
    expect(seen).toBe(2)
  })
})

/** The changes of a payment that is begun, and whose provider nobody asks. */
function begun(before: OrderPayments | undefined, rules: PaymentRules, nowMs: number, amount: number): Changes {
  if (before === undefined) throw new Error('the order is not there')
  const ids = { paymentId: newId('pay'), operationId: newId('op') }
  const asked = { provider: 'sandbox', amount, capture: 'manual' as const, methodToken: 'tok_approve' }
  const input = { ...ids, ...asked, returnUrl: undefined, actor: 'a test' }
  const decision = decideBegin(before, input, contextAt(rules, nowMs, undefined))
  if (decision.kind !== 'changed') throw new Error('the payment was not begun')
  return decision.changes
}

test('a reader waits for the outcome, and gets it when it is known', async () => {
  const { uid } = await t.place()
  const { id } = await t.pay(uid, { method_token: 'tok_timeout' })
  const waiting = t.read(`/api/payments/${id}?wait=30`)
  shiftMs += 60_000
  await t.settle()
  expect(await waiting).toMatchObject({ state: 'captured' })
})

test('a reader waits for what the payer has to confirm too', async () => {
  const { uid } = await t.place()
  const { id, state, next_action: action } = await t.pay(uid, { method_token: 'tok_action' })
  expect(state).toBe('requires_action')
  const waiting = t.read(`/api/payments/${id}?wait=30`)
  expect((await t.call('POST', `${action?.url}/approve`)).status).toBeLessThan(400)
  shiftMs += 60_000
  await t.settle()
  expect(await waiting).toMatchObject({ state: 'captured' })
})

test('operations are counted by their outcome, and what is unknown is shown with its age', async () => {
  const { uid } = await t.place()
  await t.pay(uid, { method_token: 'tok_timeout' })
  const metrics = await (await t.call('GET', '/metrics')).text()
  expect(metrics).toMatch(/payment_operations_total\{kind="authorize",outcome="succeeded"\} [1-9]/)
  expect(metrics).toMatch(/payment_operations_total\{kind="authorize",outcome="unknown"\} [1-9]/)
  expect(metrics).toMatch(
    /payment_provider_call_duration_seconds_count\{provider="sandbox",call="authorize",outcome="reported"\}/,
  )
  expect(metrics).toMatch(/payment_operations_unknown 1\n/)
  expect(metrics).toMatch(/payment_operations_unknown_age_seconds /)
  expect(metrics).toMatch(/payment_issues_open\{kind="unknown_outcome"\} 0/)
})
