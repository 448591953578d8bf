import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { createTestApp } from '../../test/app.ts'
import { brokenRules } from '../../test/invariants.ts'
import { createPaymentApp, paymentActions } from '../../test/payments.ts'

setDefaultTimeout(60_000)

let t: Awaited<ReturnType<typeof createPaymentApp>>
/** Another instance on the same database. */
let other: ReturnType<typeof paymentActions> & Awaited<ReturnType<typeof createTestApp>>

/** The clock of both: a test goes on when something is due. */
let shiftMs = 0
const now = () => Date.now() + shiftMs

beforeAll(async () => {
  t = await createPaymentApp({ now })
  const app = await createTestApp({ pool: t.pool, now })
  other = { ...app, ...paymentActions(app) }
})

afterAll(async () => {
  expect(await brokenRules(t.pool)).toEqual([])
  await t.close()
})

describe('a payment through the sandbox', () => {
  test('is authorized, captured in parts and refunded, and the order, its events and its books follow', async () => {
    const { uid, amount } = await t.place()
    expect(await t.stateOf(uid)).toBe('pending unpaid')
    const authorized = await t.pay(uid, { capture: 'manual' })
    expect(authorized).toMatchObject({ status: 201, state: 'authorized', amounts: { authorized: amount, captured: 0 } })
    expect(await t.stateOf(uid)).toBe('pending authorized')
    const { id } = authorized
    const part = await t.ask(`/api/payments/${id}/capture`, { amount: 100 })
    expect(part).toMatchObject({
      status: 200,
      state: 'partially_captured',
      amounts: { captured: 100, capturable: amount - 100 },
    })
    expect(await t.stateOf(uid)).toBe('pending partially_paid')
    expect(await t.ask(`/api/payments/${id}/capture`)).toMatchObject({
      state: 'captured',
      amounts: { captured: amount },
    })
    expect(await t.stateOf(uid)).toBe('confirmed paid')
    expect(await t.ask(`/api/payments/${id}/refunds`, { amount: 40, reason: 'damaged' })).toMatchObject({
      amounts: { refunded: 40 },
    })
    expect(await t.stateOf(uid)).toBe('confirmed partially_refunded')
    expect(await t.ask(`/api/payments/${id}/refunds`)).toMatchObject({ amounts: { refunded: amount } })
    expect(await t.stateOf(uid)).toBe('confirmed refunded')
    expect(await t.transfersOf(uid)).toEqual([
      `receivable revenue ${amount}`,
      'clearing:sandbox receivable 100',
      `clearing:sandbox receivable ${amount - 100}`,
      'refunds clearing:sandbox 40',
      `refunds clearing:sandbox ${amount - 40}`,
    ])
    const events = await t.read<{ type: string }[]>(`/api/events?stream_id=${id}`)
    expect(events.map(({ type }) => type)).toEqual([
      'payment.authorized',
      'payment.captured',
      'payment.captured',
      'payment.refunded',
      'payment.refunded',
    ])
  })

  test('that is declined is answered as failed, and leaves the order to be paid otherwise', async () => {
    const { uid, amount } = await t.place()
    expect(await t.pay(uid, { method_token: 'tok_decline' })).toMatchObject({ status: 201, state: 'failed' })
    expect(await t.stateOf(uid)).toBe('pending unpaid')
    expect(await t.pay(uid)).toMatchObject({ status: 201, state: 'captured', amounts: { captured: amount } })
    expect(await t.stateOf(uid)).toBe('confirmed paid')
  })

  test('needs an Idempotency-Key, and a bad body is answered with every field', async () => {
    const { uid } = await t.place()
    const without = await t.call('POST', `/api/orders/${uid}/payments`, { body: { provider: 'sandbox' } })
    expect(without.status).toBe(400)
    expect(await without.json()).toMatchObject({ code: 'IDEMPOTENCY_KEY_REQUIRED' })
    const bad = await t.ask(`/api/orders/${uid}/payments`, { amount: 0, capture: 'later', note: 'x' })
    expect(bad.status).toBe(400)
    expect(bad.errors?.map(({ pointer }) => pointer).sort()).toEqual(['/amount', '/capture', '/note', '/provider'])
    const card = await t.pay(uid, { method_token: '4242424242424242' })
    expect(card).toMatchObject({ status: 422, code: 'CARD_DATA_REFUSED' })
    expect(await t.pay(uid, { provider: 'nobody' })).toMatchObject({ status: 422, code: 'PROVIDER_UNKNOWN' })
    expect(await t.pay('no-such-order')).toMatchObject({ status: 404, code: 'ORDER_NOT_FOUND' })
    expect(await t.ask('/api/payments/pay_none/void')).toMatchObject({ status: 404, code: 'PAYMENT_NOT_FOUND' })
  })
})

test('a card number is refused in every text that a request about money can hold', async () => {
  const { uid } = await t.place()
  const { id } = await t.pay(uid)
  const card = '4242-4242-4242-4242'
  // What each needs, and every text that it can have.
  const requests: readonly (readonly [path: string, needed: object, texts: readonly string[]])[] = [
    [`/api/orders/${uid}/payments`, { provider: 'sandbox' }, ['provider', 'method_token', 'return_url', 'actor']],
    [`/api/payments/${id}/capture`, {}, ['reason', 'actor']],
    [`/api/payments/${id}/void`, {}, ['reason', 'actor']],
    [`/api/payments/${id}/refunds`, {}, ['reason', 'actor', 'rids']],
    [`/api/payments/${id}/records`, { kind: 'refund' }, ['reference', 'reason', 'actor', 'rids']],
    ['/api/payment-issues/iss_none/resolve', { action: 'dismiss', reason: 'x' }, ['reason', 'actor']],
    [`/api/orders/${uid}/cancel`, {}, ['reason', 'actor']],
  ]
  const values: Readonly<Record<string, unknown>> = { return_url: `https://shop.example/?of=${card}`, rids: [card] }
  for (const [path, needed, texts] of requests) {
    for (const name of texts) {
      const { status, code } = await t.ask(path, { ...needed, [name]: values[name] ?? card })
      expect([path, name, status, code]).toEqual([path, name, 422, 'CARD_DATA_REFUSED'])
    }
  }
  expect(await t.stateOf(uid)).toBe('confirmed paid')
})

describe('two instances', () => {
  test('two refunds of 60 of a payment of 100: one passes', async () => {
    const { uid } = await t.place()
    const { id } = await t.pay(uid, { amount: 100 })
    const answers = await Promise.all(
      [t, other].map(instance => instance.ask(`/api/payments/${id}/refunds`, { amount: 60 })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    expect(answers.find(({ status }) => status === 409)?.code).toBe('REFUND_EXCEEDS_CAPTURED')
  })

  test('50 refunds at once give exactly what was captured', async () => {
    const { uid, amount } = await t.place()
    const { id } = await t.pay(uid)
    const each = Math.ceil(amount / 20)
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        (index % 2 === 0 ? t : other).ask(`/api/payments/${id}/refunds`, { amount: each }),
      ),
    )
    const passed = answers.filter(({ status }) => status === 200).length
    expect(passed).toBe(Math.floor(amount / each))
    const { amounts } = await t.read<{ amounts: { refunded: number } }>(`/api/payments/${id}`)
    expect(amounts.refunded).toBe(passed * each)
    await t.ask(`/api/payments/${id}/refunds`)
    expect(await t.stateOf(uid)).toBe('confirmed refunded')
  })

  test('pay pressed twice charges once', async () => {
    const { uid, amount } = await t.place()
    const answers = await Promise.all([t.pay(uid), other.pay(uid)])
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409])
    const refused = answers.find(({ status }) => status === 409)?.code ?? ''
    expect(['PAYMENT_IN_PROGRESS', 'PAYMENT_EXCEEDS_ORDER']).toContain(refused)
    const payments = await t.read<{ amounts: { captured: number } }[]>(`/api/orders/${uid}/payments`)
    expect(payments.map(({ amounts }) => amounts.captured)).toEqual([amount])
  })

  test('a repeated Idempotency-Key gets the first answer, on either instance', async () => {
    const { uid } = await t.place()
    const [key, refundKey] = [randomUUID(), randomUUID()]
    const first = await t.pay(uid, {}, key)
    expect(await other.pay(uid, {}, key)).toEqual(first)
    const refunded = await t.ask(`/api/payments/${first.id}/refunds`, { amount: 7 }, refundKey)
    expect(await other.ask(`/api/payments/${first.id}/refunds`, { amount: 7 }, refundKey)).toEqual(refunded)
    expect(refunded.amounts.refunded).toBe(7)
  })

  test('a refusal because another payment is under way leaves the key free: the request is decided again', async () => {
    const { uid, amount } = await t.place()
    const first = await t.pay(uid, { method_token: 'tok_action' })
    const key = randomUUID()
    for (const instance of [t, other])
      expect(await instance.pay(uid, {}, key)).toMatchObject({ status: 409, code: 'PAYMENT_IN_PROGRESS' })
    expect(await t.ask(`/api/payments/${first.id}/void`)).toMatchObject({ status: 200, state: 'voided' })
    const paid = await t.pay(uid, {}, key)
    expect(paid).toMatchObject({ status: 201, amounts: { captured: amount } })
    expect(await other.pay(uid, {}, key)).toEqual(paid)
  })

  test('a refund whose answer was not kept is not made again by a repetition with its key', async () => {
    const { uid } = await t.place()
    const { id } = await t.pay(uid)
    const key = randomUUID()
    expect((await t.ask(`/api/payments/${id}/refunds`, { amount: 7 }, key)).amounts.refunded).toBe(7)
    // As if the process had been killed between the refund and its answer, and the claim was over.
    await t.pool.query('delete from idempotency_answers where key = $1', [key])
    await t.pool.query('delete from idempotency_claims where key = $1', [key])
    expect((await other.ask(`/api/payments/${id}/refunds`, { amount: 7 }, key)).amounts.refunded).toBe(7)
  })

  test('an outcome that is not known is settled by the worker of another instance', async () => {
    const { uid, amount } = await t.place()
    const payment = await t.pay(uid, { method_token: 'tok_timeout' })
    expect(payment).toMatchObject({ status: 201, state: 'processing' })
    expect(await t.pay(uid)).toMatchObject({ status: 409, code: 'PAYMENT_IN_PROGRESS' })
    expect(await t.stateOf(uid)).toBe('pending unpaid')
    shiftMs += 60_000
    await other.settle()
    expect(await t.read(`/api/payments/${payment.id}?wait=1`)).toMatchObject({
      state: 'captured',
      amounts: { captured: amount },
      operations: [
        { kind: 'authorize', state: 'succeeded' },
        { kind: 'capture', state: 'succeeded' },
      ],
    })
    expect(await other.stateOf(uid)).toBe('confirmed paid')
  })

  test('a clock that is set back does no harm: what is unknown is found out all the same', async () => {
    const { uid } = await t.place()
    const { id } = await t.pay(uid, { method_token: 'tok_timeout' })
    // Two days, and a minute in which the sandbox has approved it.
    const back = shiftMs
    await t.pool.query(
      `update payment_operations set next_attempt_at = next_attempt_at + interval '2 days' where payment_id = $1`,
      [id],
    )
    shiftMs = back + 60_000
    await other.settle()
    expect(await t.read(`/api/payments/${id}`)).toMatchObject({ state: 'captured' })
  })
})

describe('cancelling an order', () => {
  test('gives back what was captured, by the worker', async () => {
    const { uid, amount } = await t.place()
    const { id } = await t.pay(uid)
    expect((await t.call('POST', `/api/orders/${uid}/cancel`)).status).toBe(200)
    await other.settle()
    expect(await t.read(`/api/payments/${id}`)).toMatchObject({ amounts: { refunded: amount } })
    expect(await t.stateOf(uid)).toBe('cancelled refunded')
  })

  test('releases what is authorized', async () => {
    const { uid } = await t.place()
    const { id } = await t.pay(uid, { capture: 'manual' })
    expect((await t.call('POST', `/api/orders/${uid}/cancel`)).status).toBe(200)
    await t.settle()
    expect(await t.read(`/api/payments/${id}`)).toMatchObject({ state: 'voided' })
    expect(await t.stateOf(uid)).toBe('cancelled voided')
  })
})

test('an order that arrived paid has a payment, whose refund is recorded', async () => {
  const { uid, amount } = await t.place(true)
  const [payment] = await t.read<{ id: string; state: string; available_actions: string[] }[]>(
    `/api/orders/${uid}/payments`,
  )
  expect(payment).toMatchObject({ id: uid, state: 'captured', available_actions: ['record'] })
  expect(await t.ask(`/api/payments/${uid}/records`, { kind: 'refund', amount: 5 })).toMatchObject({
    status: 200,
    amounts: { captured: amount, refunded: 5 },
  })
  expect(await t.stateOf(uid)).toBe('confirmed partially_refunded')
})

test('lists have pages and filters', async () => {
  const { uid } = await t.place()
  const { id } = await t.pay(uid, { amount: 10 })
  const { id: second } = await t.pay(uid, { amount: 20 })
  const page = await t.call('GET', `/api/payments?order_uid=${uid}&limit=1`)
  expect(((await page.json()) as { id: string }[]).map(payment => payment.id)).toEqual([second])
  const link = /<([^>]*)>/.exec(page.headers.get('link') ?? '')?.[1] ?? ''
  expect((await t.read<{ id: string }[]>(`/api/${link}`)).map(payment => payment.id)).toEqual([id])
  expect(await t.read(`/api/payments?order_uid=${uid}&state=failed,voided`)).toEqual([])
  const other = await t.place()
  const third = await t.pay(other.uid, { amount: 30 })
  const ofBoth = await t.read<{ id: string }[]>(`/api/payments?order_uid=${uid},nobody,${other.uid}`)
  expect(ofBoth.map(payment => payment.id)).toEqual([third.id, second, id])
  const tooMany = Array.from({ length: 101 }, (_, index) => `o-${index}`).join()
  expect((await t.call('GET', `/api/payments?order_uid=${tooMany}`)).status).toBe(400)
  expect((await t.call('GET', '/api/payments?state=gone&from=today')).status).toBe(400)
})
