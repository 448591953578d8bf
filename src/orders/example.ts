import type { OrderDocument, OrderItem } from './document.ts'

const goods = [
  ['Mascaras', 'Vivienne Sabo', 1249],
  ['Lipstick', 'Pupa', 1890],
  ['Hand cream', 'Weleda', 1125],
  ['Running shoes', 'Asics', 11990],
  ['Desk lamp', 'Ikea', 3499],
  ['Paperback', 'Penguin', 1299],
] as const

const people = [
  ['Test Testov', 'Kiryat Mozkin', 'Ploshad Mira 15', 'Kraiot', '+9720000000'],
  ['Ada Example', 'London', '12 Analytical Row', 'Greater London', '+44 20 0000 0000'],
  ['Jean Exemple', 'Lyon', '3 rue du Test', 'Rhône', '+33 4 00 00 00 00'],
] as const

/**
 * A realistic order that keeps the contract, paid and made now. Pure.
 *
 * @param orderUid its uid, which also makes its other identifiers
 * @param nowMs when it is made, in milliseconds since 1970
 * @param random numbers from 0 up to 1
 */
export function exampleOrder(orderUid: string, nowMs: number, random: () => number): OrderDocument {
  const pick = pickBy(random)
  const trackNumber = `WBIL${orderUid.slice(0, 12).toUpperCase()}`
  const items = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, line) =>
    exampleItem(`${orderUid.slice(0, 16)}${line}`, trackNumber, random),
  )
  const [name, city, address, region, phone] = pick(people)
  const goodsTotal = items.reduce((sum, item) => sum + item.total_price, 0)
  const deliveryCost = pick([0, 490, 999])
  return {
    order_uid: orderUid,
    track_number: trackNumber,
    entry: 'WBIL',
    delivery: { name, phone, zip: '2639809', city, address, region, email: 'test@example.com' },
    payment: {
      transaction: orderUid,
      request_id: '',
      currency: pick(['USD', 'EUR', 'GBP']),
      provider: 'wbpay',
      amount: goodsTotal + deliveryCost,
      payment_dt: Math.floor(nowMs / 1000),
      bank: 'alpha',
      delivery_cost: deliveryCost,
      goods_total: goodsTotal,
      custom_fee: 0,
    },
    items,
    locale: 'en',
    internal_signature: '',
    customer_id: `customer-${Math.floor(random() * 5000)}`,
    delivery_service: 'meest',
    shardkey: String(Math.floor(random() * 10)),
    sm_id: 99,
    date_created: new Date(nowMs).toISOString(),
    oof_shard: '1',
  }
}

function exampleItem(rid: string, trackNumber: string, random: () => number): OrderItem {
  const pick = pickBy(random)
  const [name, brand, price] = pick(goods)
  const sale = pick([0, 5, 10, 30])
  return {
    chrt_id: 9_934_930 + Math.floor(random() * 1000),
    track_number: trackNumber,
    price,
    rid,
    name,
    sale,
    size: pick(['0', 'S', 'M', 'L']),
    total_price: Math.round((price * (100 - sale)) / 100),
    nm_id: 2_389_212 + Math.floor(random() * 1000),
    brand,
    status: 202,
  }
}

function pickBy(random: () => number) {
  return <Value>(from: readonly Value[]) => from[Math.floor(random() * from.length)] as Value
}
