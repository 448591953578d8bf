import { expect, test } from 'bun:test'
import { makeOrders } from '../../test/orders.ts'
import { withoutRecipient } from './recipient.ts'

test('of an erased order the amounts stay, also how much of the discount is of the delivery, and nothing that may be a text', () => {
  const [order] = makeOrders(1, 'erased')
  if (order === undefined) throw new Error('there is an order')
  const erase = (said: unknown) =>
    JSON.parse(withoutRecipient(JSON.stringify({ ...order, payment: { ...order.payment, delivery_discount: said } })))
  expect(erase(5).payment).toEqual({ ...order.payment, delivery_discount: 5 })
  for (const said of ['for Ada', { to: 'Ada' }, ['Ada'], null]) expect(erase(said).payment).toEqual(order.payment)
})
