import { randomUUID } from 'node:crypto'
import { expect } from 'bun:test'
import type { OrderDocument } from '../src/orders/document.ts'
import { exampleOrder } from '../src/orders/example.ts'
import { paymentsApi } from '../src/payments/module.ts'
import { settleDue } from '../src/payments/settlement.ts'
import type { PaymentView } from '../src/payments/views.ts'
import { createLogger } from '../src/platform/log.ts'
import { createTestApp, type TestApp } from './app.ts'

/** Payments of a test, over HTTP. */

type Problem = { code: string; errors?: { pointer: string }[] }

/** An answer about a payment, or the refusal. */
export type PaymentAnswer = PaymentView & Problem & { status: number }

/** An app with what tests of payments do. @param change what it needs otherwise than others */
export async function createPaymentApp(change: Parameters<typeof createTestApp>[0] = {}) {
  const t = await createTestApp(change)
  return { ...t, ...paymentActions(t) }
}

/** What tests of payments do by an app. */
export function paymentActions({ app, call }: Pick<TestApp, 'app' | 'call'>) {
  return {
    ...requestsOf(call),
    /** Takes up what is due by the app's clock, as the worker does. */
    async settle(): Promise<void> {
      const { commands, writer, rules } = paymentsApi.of(app.context)
      const { pool, now } = app.context
      const options = { pool, commands, writer, rules, now, log: createLogger({ level: 'silent' }) }
      await settleDue(options, error => {
        throw error
      })
    },
  }
}

/** What tests of payments ask a service. */
export type PaymentRequests = ReturnType<typeof requestsOf>

/** The same of a service in a process of its own. @param url without a slash at the end */
export function requestsTo(url: string): PaymentRequests {
  return requestsOf((method, path, { body, headers = {} } = {}) =>
    fetch(url + path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  )
}

function requestsOf(call: TestApp['call']) {
  const ask = async (path: string, body: object = {}, key: string = randomUUID()): Promise<PaymentAnswer> => {
    const response = await call('POST', path, { body, headers: { 'idempotency-key': key } })
    return { ...((await response.json()) as PaymentAnswer), status: response.status }
  }
  const read = async <Answer>(path: string): Promise<Answer> => (await (await call('GET', path)).json()) as Answer
  return {
    call,
    ask,
    read,
    /** Places an order, unpaid and of the example's amount unless said. @returns its uid and amount */
    async place(isPaid = false, price?: Price): Promise<{ uid: string; amount: number }> {
      const order = exampleOrder(randomUUID(), Date.now(), Math.random)
      if (!isPaid) order.payment.payment_dt = 0
      if (price !== undefined) setPrice(order, price)
      expect((await call('POST', '/api/orders', { body: order })).status).toBe(201)
      return { uid: order.order_uid, amount: order.payment.amount }
    },
    pay: (uid: string, body: object = {}, key?: string) =>
      ask(`/api/orders/${uid}/payments`, { provider: 'sandbox', method_token: 'tok_approve', ...body }, key),
    async stateOf(uid: string): Promise<string> {
      const { status, payment_status } = await read<Record<string, string>>(`/api/orders/${uid}`)
      return `${status} ${payment_status}`
    },
    async transfersOf(uid: string): Promise<string[]> {
      const transfers = await read<{ debit: string; credit: string; amount: number }[]>(`/api/orders/${uid}/ledger`)
      return transfers.map(({ debit, credit, amount }) => `${debit} ${credit} ${amount}`)
    },
  }
}

/** What an order costs, in the currency's minor unit. */
export type Price = Readonly<{ currency: string; amount: number }>

/** Has an order be of one item, which costs all of it. */
function setPrice(order: OrderDocument, { currency, amount }: Price): void {
  const [item] = order.items
  if (item === undefined) throw new Error('the example has no item')
  order.items = [{ ...item, price: amount, sale: 0, total_price: amount }]
  order.payment = { ...order.payment, currency, amount, goods_total: amount, delivery_cost: 0 }
}
