import { moveStock } from './stock.ts'
import type { TestApp } from './app.ts'
import type { OrderDocument } from '../src/orders/document.ts'
import { exampleOrder } from '../src/orders/example.ts'
import { repeatableRandom } from './orders.ts'

/** Orders of a test that are shipped. */

/** A shipment as the API shows it, as far as tests look at it. */
export type ShownShipment = {
  id: string
  order_uid: string
  state: string
  rids: string[]
  location: string | null
  late: boolean
  silent: boolean
  tracking_status: string | null
  tracking_numbers: { number: string; check: string; status: string | null }[]
  estimated_delivery_at: string | null
  units: { rid: string; shipped_from: string | null }[]
  available_actions: string[]
  version: number
}

let series = 0

/**
 * An order, paid unless said, of an item for each unit.
 *
 * @param tracks the track_number of each unit; one for all unless said
 */
export function parcelOrder(
  chrtIds: readonly number[],
  { isPaid = true, uid, tracks }: { isPaid?: boolean; uid?: string; tracks?: readonly string[] } = {},
): OrderDocument {
  series += 1
  const orderUid = uid ?? `parcel-${series}`
  const order = exampleOrder(orderUid, Date.UTC(2026, 0, 1), repeatableRandom(orderUid))
  const items = chrtIds.map((chrtId, index) => ({
    ...{ chrt_id: chrtId, nm_id: 1, track_number: tracks?.[index] ?? order.track_number, rid: `${orderUid}-${index}` },
    ...{ name: 'Mascaras', brand: 'Vivienne Sabo', size: '0', price: 100, sale: 0, total_price: 100, status: 202 },
  }))
  const goods = 100 * items.length
  const payment = { ...order.payment, goods_total: goods, delivery_cost: 0, custom_fee: 0, amount: goods }
  return { ...order, items, payment: { ...payment, payment_dt: isPaid ? payment.payment_dt : 0 } }
}

/** What a test asks of an app, by JSON. */
export function shipping({ call, pool }: Pick<TestApp, 'call'> & Partial<Pick<TestApp, 'pool'>>) {
  const ask = async <Body = ShownShipment>(method: string, path: string, body?: object, headers = {}) => {
    const response = await call(method, path, { body: body ?? (method === 'POST' ? {} : undefined), headers })
    return {
      status: response.status,
      body: (await response.json()) as Body & { code?: string; detail?: string },
      response,
    }
  }
  return {
    ask,
    /** Places an order. */
    async place(order: OrderDocument) {
      const { status } = await ask('POST', '/api/orders', order)
      if (status !== 201) throw new Error(`the order was answered with ${status}`)
      return order
    },
    /** Plans a shipment of some units of an order, by their places. */
    async plan({ order_uid: uid, items }: OrderDocument, lines: readonly number[], more: object = {}) {
      const { status, body } = await ask('POST', `/api/orders/${uid}/shipments`, {
        rids: lines.map(line => items[line]?.rid),
        ...more,
      })
      if (status !== 201) throw new Error(`the shipment was answered with ${status}: ${JSON.stringify(body)}`)
      return body
    },
    act: (id: string, action: string, body: object = {}) => ask('POST', `/api/shipments/${id}/${action}`, body),
    shown: async (id: string) => (await ask('GET', `/api/shipments/${id}`)).body,
    /** `status payment_status delivery_status` of an order. */
    async orderState(uid: string) {
      const { body } = await ask<Record<string, string>>('GET', `/api/orders/${uid}`)
      return [body.status, body.payment_status, body.delivery_status].join(' ')
    },
    /** The types of the events that concern an order, oldest first. */
    async events(uid: string) {
      const { body } = await ask<{ type: string }[]>('GET', `/api/orders/${uid}/events`)
      return body.map(({ type }) => type)
    },
    /** Has units of an item at locations. */
    async stock(chrtId: number, units: Readonly<Record<string, number>>) {
      if (pool === undefined) throw new Error('stock is moved in the database')
      for (const [location, quantity] of Object.entries(units)) await moveStock(pool, { chrtId, location, quantity })
      return chrtId
    },
  }
}
