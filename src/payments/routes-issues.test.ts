import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { createTestApp } from '../../test/app.ts'
import { brokenRules } from '../../test/invariants.ts'
import { createPaymentApp, paymentActions } from '../../test/payments.ts'
import { noteUnmatched } from './provider-reports.ts'
import type { IssueView, PaymentView } from './views.ts'

setDefaultTimeout(60_000)

/** Money that is not the order's waits for a person. */
const env = { PAYMENT_LATE_POLICY: 'hold' }

let t: Awaited<ReturnType<typeof createPaymentApp>>
/** Another instance on the same database. */
let other: ReturnType<typeof paymentActions>

let shiftMs = 0
const now = () => Date.now() + shiftMs

beforeAll(async () => {
  t = await createPaymentApp({ now, env })
  other = paymentActions(await createTestApp({ pool: t.pool, now, env }))
})

afterAll(async () => {
  expect(await brokenRules(t.pool)).toEqual([])
  await t.close()
})

type Answer = IssueView & { status: number; code?: string; errors?: { pointer: string }[] }

async function issueOf(uid: string): Promise<IssueView> {
  const [issue] = await t.read<IssueView[]>(`/api/payment-issues?order_uid=${uid}&state=open`)
  if (issue === undefined) throw new Error(`order ${uid} has no open issue`)
  return issue
}

const resolve = async ({ id }: { id: string }, action: string, key: string = randomUUID(), by = t): Promise<Answer> =>
  (await by.ask(`/api/payment-issues/${id}/resolve`, { action, reason: 'asked', actor: 'ada' }, key)) as never

const eventsOf = ({ id }: { id: string }) => t.read<object[]>(`/api/events?stream_id=${id}`)

const amountsOf = async (id: string | null) => (await t.read<PaymentView>(`/api/payments/${id}`)).amounts

/** An order that was cancelled while its payment was on the way. */
async function payLate(body: object = {}) {
  const { uid, amount } = await t.place()
  const { id } = await t.pay(uid, { method_token: 'tok_timeout', ...body })
  expect((await t.call('POST', `/api/orders/${uid}/cancel`)).status).toBe(200)
  shiftMs += 60_000
  await t.settle()
  return { uid, amount, id, issue: await issueOf(uid) }
}

describe('money that came for a cancelled order', () => {
  test('is refunded once: of two that resolve it the other is told so', async () => {
    const { uid, amount, id, issue } = await payLate()
    expect(issue).toMatchObject({ kind: 'late_payment', payment_id: id, amount, provider: 'sandbox' })
    expect(issue.available_actions).toEqual(['refund', 'accept', 'dismiss'])
    expect(await t.stateOf(uid)).toBe('cancelled paid')
    const key = randomUUID()
    const answers = await Promise.all([
      resolve(issue, 'refund', key),
      resolve(issue, 'refund', randomUUID(), other as typeof t),
    ])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    expect(answers.find(({ status }) => status === 409)?.code).toBe('ISSUE_RESOLVED')
    expect(answers.find(({ status }) => status === 200)).toMatchObject({
      state: 'resolved',
      action: 'refund',
      reason: 'asked',
      actor: 'ada',
      available_actions: [],
    })
    expect(await resolve(issue, 'refund', key)).toEqual(answers[0] as Answer)
    expect(await eventsOf(issue)).toMatchObject([
      { sequence: 1, type: 'payment.issue_opened', order_uid: uid },
      {
        sequence: 2,
        type: 'payment.issue_resolved',
        order_uid: uid,
        data: { kind: 'late_payment', payment_id: id, amount, action: 'refund', reason: 'asked', actor: 'ada' },
      },
    ])
    expect(await amountsOf(id)).toMatchObject({ captured: amount, refunded: amount })
    // It may have been the other one that changed the order.
    t.app.cache.clear()
    expect(await t.stateOf(uid)).toBe('cancelled refunded')
    expect(await t.transfersOf(uid)).toEqual([
      `clearing:sandbox suspense:sandbox ${amount}`,
      `suspense:sandbox clearing:sandbox ${amount}`,
    ])
  })

  test('is kept, and becomes revenue', async () => {
    const { uid, amount, id, issue } = await payLate()
    const kept = await resolve(issue, 'accept')
    expect(kept).toMatchObject({ status: 200, state: 'resolved', action: 'accept' })
    expect(await t.read(`/api/payment-issues/${issue.id}`)).toEqual({ ...kept, status: undefined })
    expect(await amountsOf(id)).toMatchObject({ captured: amount, refunded: 0 })
    expect(await t.stateOf(uid)).toBe('cancelled paid')
    expect(await t.transfersOf(uid)).toEqual([
      `clearing:sandbox suspense:sandbox ${amount}`,
      `suspense:sandbox revenue ${amount}`,
    ])
  })

  test('is released when it is only authorized', async () => {
    const { uid, id, issue } = await payLate({ capture: 'manual' })
    expect(issue.available_actions).toEqual(['void', 'dismiss'])
    expect(await t.stateOf(uid)).toBe('cancelled authorized')
    expect(await resolve(issue, 'refund')).toMatchObject({ status: 409, code: 'PAYMENT_STATE_REFUSED' })
    expect(await resolve(issue, 'void')).toMatchObject({ status: 200, action: 'void' })
    expect(await t.read(`/api/payments/${id}`)).toMatchObject({ state: 'voided' })
    expect(await t.stateOf(uid)).toBe('cancelled voided')
  })
})

test('a refund that failed a day later is tried again, under a new operation', async () => {
  const { uid } = await t.place()
  const { id } = await t.pay(uid, { method_token: 'tok_refund_fails_later' })
  await t.ask(`/api/payments/${id}/refunds`, { amount: 60 })
  shiftMs += 86_400_000
  await t.ask(`/api/payments/${id}/sync`)
  expect(await amountsOf(id)).toMatchObject({ refunded: 0 })
  const issue = await issueOf(uid)
  expect(issue).toMatchObject({ kind: 'refund_failed', amount: 60, available_actions: ['retry', 'dismiss'] })
  expect(await resolve(issue, 'retry')).toMatchObject({ status: 200, action: 'retry' })
  expect(await amountsOf(id)).toMatchObject({ refunded: 60 })
  const { operations } = await t.read<{ operations: { kind: string; state: string }[] }>(`/api/payments/${id}`)
  expect(operations.filter(({ kind }) => kind === 'refund').map(({ state }) => state)).toEqual(['failed', 'succeeded'])
})

test('an authorization that expires soon is captured', async () => {
  const { uid, amount } = await t.place()
  const { id } = await t.pay(uid, { capture: 'manual' })
  // As if it was held for an hour: a person is told when half of that is over.
  await t.pool.query('update payments set authorized_until = $2, next_look_at = $3 where payment_id = $1', [
    id,
    new Date(now() + 3_600_000),
    new Date(now()),
  ])
  shiftMs += 45 * 60_000
  await t.settle()
  const issue = await issueOf(uid)
  expect(issue).toMatchObject({ kind: 'authorization_expiring', available_actions: ['capture', 'void', 'dismiss'] })
  expect(await resolve(issue, 'capture')).toMatchObject({ status: 200, action: 'capture' })
  expect(await amountsOf(id)).toMatchObject({ captured: amount })
  expect(await t.stateOf(uid)).toBe('confirmed paid')
})

test('more than the order costs, recorded by hand, is kept; it settles itself when the money is paid back', async () => {
  const { uid, amount } = await t.place()
  const { id } = await t.pay(uid, { provider: 'manual', method_token: undefined })
  await t.ask(`/api/payments/${id}/records`, { kind: 'capture', amount: amount + 50 })
  const issue = await issueOf(uid)
  expect(issue).toMatchObject({ kind: 'overpaid', amount: 50, available_actions: ['accept', 'dismiss'] })
  await t.ask(`/api/payments/${id}/records`, { kind: 'refund', amount: 50 })
  expect(await t.read(`/api/payment-issues/${issue.id}`)).toMatchObject({ state: 'resolved', action: 'settled' })
  expect(await eventsOf(issue)).toMatchObject([
    {},
    { data: { kind: 'overpaid', action: 'settled', actor: 'payments' } },
  ])
  expect(await resolve(issue, 'accept')).toMatchObject({ status: 409, code: 'ISSUE_RESOLVED' })
})

test('an issue about money of no order here can be dismissed only', async () => {
  const report = {
    providerRef: 'sbx_elsewhere',
    paymentId: 'pay_elsewhere',
    currency: 'USD',
    authorization: { state: 'authorized', amount: 7 },
    captured: 7,
    refunds: [],
    disputes: [],
  } as const
  await noteUnmatched({ pool: t.pool, now }, 'sandbox', report)
  const [issue] = await t.read<IssueView[]>('/api/payment-issues?kind=unmatched_money&provider=sandbox&state=open')
  expect(issue).toMatchObject({ order_uid: null, amount: 7, available_actions: ['dismiss'] })
  const id = issue?.id ?? ''
  expect(await resolve({ id }, 'refund')).toMatchObject({ status: 409, code: 'PAYMENT_STATE_REFUSED' })
  expect(await resolve({ id }, 'dismiss')).toMatchObject({ status: 200, state: 'resolved', action: 'dismiss' })
  expect(await resolve({ id }, 'dismiss')).toMatchObject({ status: 409, code: 'ISSUE_RESOLVED' })
  expect(await eventsOf({ id })).toMatchObject([
    { sequence: 1 },
    { sequence: 2, data: { action: 'dismiss', actor: 'ada' } },
  ])
})

test('what is asked wrongly is refused, and only what moves nothing goes without an Idempotency-Key', async () => {
  const { issue } = await payLate()
  const path = `/api/payment-issues/${issue.id}/resolve`
  const bare = async (body: object) => {
    const response = await t.call('POST', path, { body })
    return { ...((await response.json()) as Answer), status: response.status }
  }
  expect(await bare({ action: 'refund', reason: 'x' })).toMatchObject({ status: 400, code: 'IDEMPOTENCY_KEY_REQUIRED' })
  const bad = await bare({ action: 'burn', note: 'x' })
  expect(bad.status).toBe(400)
  expect(bad.errors?.map(({ pointer }) => pointer).sort()).toEqual(['/action', '/note', '/reason'])
  expect(await bare({ action: 'dismiss', reason: 'card 4242 4242 4242 4242' })).toMatchObject({
    code: 'CARD_DATA_REFUSED',
  })
  expect(await bare({ action: 'dismiss', reason: 'known' })).toMatchObject({
    status: 200,
    actor: 'api',
    action: 'dismiss',
  })
  expect(await resolve({ id: 'iss_none' }, 'refund')).toMatchObject({ status: 404, code: 'ISSUE_NOT_FOUND' })
  expect((await t.call('GET', '/api/payment-issues/iss_none')).status).toBe(404)
  expect((await t.call('GET', '/api/payment-issues?state=gone&kind=none,late_payment&cursor=x')).status).toBe(400)
})

test('issues are listed in pages, newest first', async () => {
  const all = await t.read<IssueView[]>('/api/payment-issues?kind=late_payment,refund_failed')
  expect(all.length).toBeGreaterThan(2)
  const seen: string[] = []
  let next = '/api/payment-issues?kind=late_payment,refund_failed&limit=2'
  while (next !== '') {
    const page = await t.call('GET', next)
    seen.push(...((await page.json()) as IssueView[]).map(({ id }) => id))
    const link = /<([^>]*)>/.exec(page.headers.get('link') ?? '')?.[1]
    next = link === undefined ? '' : `/api/${link}`
  }
  expect(seen).toEqual(all.map(({ id }) => id))
  expect(all.map(({ opened_at }) => opened_at)).toEqual(
    all
      .map(({ opened_at }) => opened_at)
      .toSorted()
      .reverse(),
  )
})
