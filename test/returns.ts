import type { OrderDocument } from '../src/orders/document.ts'
import { returnsApi } from '../src/returns/module.ts'
import type { ReturnView } from '../src/returns/views.ts'
import type { TestApp } from './app.ts'
import { shipping } from './shipments.ts'

/** Returns of a test, over HTTP. */

/** What tests of returns ask an app, or a service in a process of its own. */
export function returning(t: Pick<TestApp, 'call' | 'pool'> & Partial<Pick<TestApp, 'app'>>) {
  const s = shipping(t)
  const act = (id: string, action: string, body: object = {}) =>
    s.ask<ReturnView>('POST', `/api/returns/${id}/${action}`, body, { 'idempotency-key': crypto.randomUUID() })
  const request = (uid: string, rids: readonly (string | undefined)[], headers = {}) =>
    s.ask<ReturnView>('POST', `/api/orders/${uid}/returns`, { rids, reason: 'it does not fit' }, headers)
  return {
    ...s,
    act,
    request,
    /** Ships all units of an order together. @returns the shipment's id */
    async send(order: OrderDocument) {
      const shipment = await s.plan(
        order,
        order.items.map((_, line) => line),
      )
      await s.act(shipment.id, 'ship')
      await s.act(shipment.id, 'deliver')
      return shipment.id
    },
    /** Requests and approves the return of some units of an order, by their places. @returns its id */
    async approved({ order_uid: uid, items }: OrderDocument, lines: readonly number[]) {
      const { status, body } = await request(
        uid,
        lines.map(line => items[line]?.rid),
      )
      if (status !== 201) throw new Error(`the return was answered with ${status}: ${JSON.stringify(body)}`)
      await act(body.id, 'approve')
      return body.id
    },
    shownReturn: async (id: string) => (await s.ask<ReturnView>('GET', `/api/returns/${id}`)).body,
    /** Goes on with refunds that are due, as the worker does. */
    async settleRefunds() {
      if (t.app === undefined) throw new Error('its own worker does so')
      await returnsApi.of(t.app.context).refunds.settleDue(error => {
        throw error
      })
    },
  }
}
