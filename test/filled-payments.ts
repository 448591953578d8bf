import { expect } from 'bun:test'
import { paymentsApi } from '../src/payments/module.ts'
import type { PaymentReport } from '../src/payments/provider.ts'
import type { PaymentView } from '../src/payments/views.ts'
import { storeProviderEvent } from '../src/payments/webhook-queries.ts'
import type { TestApp } from './app.ts'
import { makeOrders } from './orders.ts'
import { paymentActions } from './payments.ts'

/**
 * Rows in every table of payments, written by the service in every way that it has: captured at once and in parts, declined, waiting for
 * the payer and for an answer, voided, expired, refunded, disputed, given back for a cancelled order, and recorded by hand.
 */
export async function fillPayments(t: Pick<TestApp, 'app' | 'call' | 'pool'>): Promise<void> {
  const { ask, pay, settle } = paymentActions(t)
  const uids: string[] = []
  for (const [index, body] of makeOrders(14, 'payment').entries()) {
    if (index > 0) body.payment.payment_dt = 0
    expect((await t.call('POST', '/api/orders', { body })).status).toBe(201)
    uids.push(body.order_uid)
  }
  const [
    arrived = '',
    parts = '',
    declined = '',
    action = '',
    unknown = '',
    voided = '',
    cancelled = '',
    disputed = '',
  ] = uids
  const [manual = '', held = '', confirmed = '', expired = '', returned = ''] = uids.slice(8)
  await ask(`/api/payments/${arrived}/records`, { kind: 'refund', amount: 5, reason: 'by hand', actor: 'ada' })
  const { id } = await pay(parts, { capture: 'manual', actor: 'shop', return_url: 'https://shop.example/' })
  await ask(`/api/payments/${id}/capture`, { amount: 100, reason: 'first parcel', actor: 'ada' })
  await ask(`/api/payments/${id}/capture`, { amount: 50, final: true })
  await ask(`/api/payments/${id}/refunds`, { amount: 20, reason: 'damaged', actor: 'bo', rids: await ridsOf(t, parts) })
  await pay(declined, { method_token: 'tok_decline' })
  await pay(declined)
  await pay(action, { method_token: 'tok_action' })
  await pay(unknown, { method_token: 'tok_timeout' })
  const { id: released } = await pay(voided, { capture: 'manual' })
  await ask(`/api/payments/${released}/void`, { reason: 'out of stock' })
  await pay(cancelled)
  await t.call('POST', `/api/orders/${cancelled}/cancel`, { body: { reason: 'changed their mind', actor: 'cy' } })
  await settle()
  const { id: taken } = await pay(disputed)
  await report(t, taken, { disputes: [{ ref: 'dp_1', amount: 10, state: 'open' }] })
  await report(t, taken, {
    disputes: [
      { ref: 'dp_1', amount: 10, state: 'won' },
      { ref: 'dp_2', amount: 20, state: 'open' },
    ],
  })
  const { id: over, amount } = await pay(expired, { method_token: 'tok_expires', capture: 'manual' })
  await report(t, over, { captured: 0, authorization: { state: 'expired', amount } })
  const { id: back } = await pay(returned)
  const refund = { ref: 're_1', amount: 30 }
  await report(t, back, { refunds: [{ ...refund, state: 'succeeded' }] })
  const failure = { code: 'account_closed', message: 'The account is closed.' }
  await report(t, back, { refunds: [{ ...refund, state: 'failed', failure }] })
  const { id: cash } = await pay(manual, { provider: 'manual', method_token: undefined })
  await ask(`/api/payments/${cash}/records`, { kind: 'capture', amount: 30, reference: 'receipt 7' })
  await pay(held, { capture: 'manual' })
  await t.call('POST', `/api/orders/${confirmed}/confirm`)
  const event = {
    provider: 'sandbox',
    eventId: 'evt_1',
    type: 'payment.captured',
    providerRef: 'sbx_none',
    isOurs: true,
  }
  await storeProviderEvent(t.pool, event, Date.now())
  // What is open is not due while the checks run.
  await t.pool.query(
    `update payment_operations set next_attempt_at = now() + interval '1 hour' where next_attempt_at is not null;
     update payments set next_look_at = now() + interval '1 hour' where next_look_at is not null`,
  )
}

async function ridsOf({ call }: Pick<TestApp, 'call'>, uid: string): Promise<string[]> {
  const { items } = (await (await call('GET', `/api/orders/${uid}`)).json()) as { items: { rid: string }[] }
  return items.slice(0, 1).map(({ rid }) => rid)
}

/** Applies what a provider says of a payment. @param said otherwise than that all of it was captured, and nothing else happened */
async function report({ app, call }: Pick<TestApp, 'app' | 'call'>, paymentId: string, said: Partial<PaymentReport>) {
  const response = await call('GET', `/api/payments/${paymentId}`)
  const { order_uid, provider_ref, currency, amount } = (await response.json()) as PaymentView
  const whole: PaymentReport = {
    providerRef: provider_ref ?? '',
    currency,
    authorization: { state: 'authorized', amount },
    captured: amount,
    refunds: [],
    disputes: [],
    ...said,
  }
  const { commands } = paymentsApi.of(app.context)
  await commands.report(order_uid, { paymentId, report: whole, askedAtMs: Date.now() })
}
