import { expect, test } from 'bun:test'
import { createRememberedPayments, type StoredPayments } from './remembered.ts'

const payments: StoredPayments = { payments: [], operations: [], isSold: false, disputes: [], issues: new Map() }

test('payments are remembered for one time, by their stamp, and of the last thousand orders', () => {
  const remembered = createRememberedPayments()
  remembered.keep('a', 1, payments)
  expect([remembered.take('a', 1), remembered.take('a', 1)]).toEqual([payments, undefined])
  remembered.keep('a', 1, payments)
  expect([remembered.take('a', 2), remembered.take('a', 1)]).toEqual([undefined, undefined])
  for (let order = 0; order <= 1_000; order++) remembered.keep(String(order), 1, payments)
  expect([remembered.take('0', 1), remembered.take('1', 1)]).toEqual([undefined, payments])
})
