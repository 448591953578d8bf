import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { advisoryLockSpaces } from '../advisory-locks.ts'
import { brokenRules } from '../../test/invariants.ts'
import { createPaymentApp } from '../../test/payments.ts'
import { decideBegin } from './decide-begin.ts'
import { contextAt } from './commands.ts'
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

  test('saves what the database takes, when it refuses one of them', async () => {
    const { writer, rules } = paymentsApi.of(t.app.context)
    const orders = [await t.place(), await t.place(), await t.place()]
    const outcomes = await Promise.allSettled(
      orders.map(({ uid, amount }, index) =>
        writer.change({
          orderUid: uid,
          decide(before, nowMs) {
            if (before === undefined) throw new Error('the order is not there')
            const decision = decideBegin(
              before,
              {
                ...{
                  paymentId: newId('pay'),
                  operationId: newId('op'),
                  provider: 'sandbox',
                  amount,
                  capture: 'manual',
                },
                ...{ methodToken: 'tok_approve', returnUrl: undefined, actor: 'a test' },
              },
              contextAt(rules, nowMs, undefined),
            )
            if (decision.kind !== 'changed') throw new Error('the payment was not begun')
            const { changes } = decision
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
})

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
