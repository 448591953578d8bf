import { expect, test } from 'bun:test'
import { newPayment } from './new-payment.ts'
import { paymentsTable } from './rows.ts'

const before = newPayment(
  { orderUid: 'o-1', paymentId: 'pay_1', provider: 'sandbox', currency: 'USD', amount: 5, capture: 'manual' },
  1_000,
)

test('of rows that have changed every column that may change is written, without nulls and zeros; of others nothing', () => {
  const [same, other] = [
    { ...before, paymentId: 'pay_2' },
    { ...before, paymentId: 'pay_3', captured: 5 },
  ]
  const changes = [
    { before, after: { ...before, captured: 5 } },
    { before: same, after: { ...same } },
    { before: other, after: { ...other, captured: 0, state: 'voided' as const } },
  ]
  const updatedAt = '1970-01-01T00:00:01.000Z'
  expect(JSON.parse(paymentsTable.changesOf(changes) ?? '')).toEqual([
    { order_uid: 'o-1', payment_id: 'pay_1', state: 'processing', captured: 5, updated_at: updatedAt },
    { order_uid: 'o-1', payment_id: 'pay_3', state: 'voided', updated_at: updatedAt },
  ])
  expect(paymentsTable.changesOf([{ before, after: { ...before } }])).toBeNull()
})

test('an update writes the columns that have changed of one of its rows, and none when nothing has', () => {
  const other = { ...before, paymentId: 'pay_2' }
  const changes = [
    { before, after: { ...before, captured: 5 } },
    { before: other, after: { ...other, state: 'voided' as const } },
  ]
  const [update] = paymentsTable.update(changes)
  expect(update?.text).toContain('set state = u.state, captured = u.captured\n')
  expect(JSON.parse(String(update?.values?.[0]))).toEqual([
    { order_uid: 'o-1', payment_id: 'pay_1', state: 'processing', captured: 5 },
    { order_uid: 'o-1', payment_id: 'pay_2', state: 'voided', captured: 0 },
  ])
  expect(() => update?.read({ rows: [], rowCount: 1 })).toThrow('1 of 2 rows of payments were there')
  expect(paymentsTable.update([{ before, after: { ...before } }])).toEqual([])
})
