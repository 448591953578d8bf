import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { makeOrders } from '../../test/orders.ts'
import { runCheck } from '../platform/integrity.ts'
import { inTransaction } from '../platform/postgres.ts'
import { ledgerChecks } from './ledger-checks.ts'
import { addToSums } from './sums.ts'
import { transferKinds, type TransferKind } from './transfer.ts'
import { insertTransfers } from './transfers.ts'

setDefaultTimeout(60_000)

let t: TestApp
beforeAll(async () => {
  t = await createTestApp()
  const orders = makeOrders(9, 'c').map(order => ({
    ...order,
    payment: { ...order.payment, provider: `p${order.payment.currency}:` },
  }))
  for (const order of orders) expect((await t.call('POST', '/api/orders', { body: order })).status).toBe(201)
  const recordedAt = new Date()
  const common = {
    provider: 'a:b',
    currency: 'USD',
    amount: 2n ** 60n,
    orderUid: 'c-1',
    paymentId: 'pay_1',
    operationId: 'op_1',
  }
  const transfers = Object.keys(transferKinds).map(kind => ({
    ...common,
    kind: kind as TransferKind,
    transferId: kind,
    orders: undefined,
    recordedAt,
  }))
  await inTransaction(t.pool, client => insertTransfers(client, transfers))
  await addToSums(t.pool, 12)
})
afterAll(() => t.close())

async function broken(): Promise<string[]> {
  const found: string[] = []
  for (const check of ledgerChecks) {
    const { invariant, broken: count } = await runCheck(t.pool, check, { deadlineMs: 10_000 })
    if (count > 0) found.push(`${invariant} ${count}`)
  }
  return found
}

/** What is found after a change, which is taken back. */
async function after(change: string): Promise<string[]> {
  const tables = ['ledger_transfers', 'ledger_sums', 'ledger_checkpoint', 'ledger_start']
  for (const table of tables) await t.pool.query(`create table kept_${table} as table ${table}`)
  try {
    await t.pool.query(change)
    return await broken()
  } finally {
    for (const table of tables) {
      await t.pool.query(`delete from ${table}; insert into ${table} table kept_${table}; drop table kept_${table}`)
    }
  }
}

test('transfers of every kind, half of which are in the sums, break no rule', async () => {
  expect(await broken()).toEqual([])
  expect(await addToSums(t.pool)).toBeGreaterThan(10)
  expect(await broken()).toEqual([])
})

test.each([
  ["update ledger_transfers set debit = 'clearing:a:c' where kind = 'capture' and orders is null", ['ledger-sums 4']],
  ["update ledger_transfers set credit = 'clearing:a:c' where kind = 'fee'", ['ledger-accounts 1', 'ledger-sums 4']],
  ["update ledger_transfers set kind = 'payout' where kind = 'fee'", ['ledger-accounts 1']],
  ["update ledger_transfers set order_uid = 'nobody' where kind = 'fee'", ['ledger-orders 1']],
  ["update ledger_transfers set transfer_id = transfer_id || '2' where transfer_id = 'c-0:sales'", ['ledger-orders 1']],
  [
    "update ledger_transfers set recorded_at = recorded_at + interval '1 ms' where transfer_id = 'c-0:sales'",
    ['ledger-arrivals 2'],
  ],
  ["update ledger_transfers set orders = orders + 1 where transfer_id = 'c-0:arrivals'", ['ledger-arrivals 1']],
  [
    "update ledger_sums set debits = debits + 1 where seconds = 60 and account = 'receivable' and currency = 'USD'",
    ['ledger-balance 1', 'ledger-sums 1'],
  ],
  ['update ledger_checkpoint set position = position + 1', ['ledger-sums 1']],
  ["update ledger_start set recorded_at = '-infinity'", []],
])('it is noticed: %s', async (change, expected) => {
  expect(await after(change)).toEqual([...expected])
})

test('an instance of an older version may have placed orders that are not booked, for an hour after the books began', async () => {
  const remove =
    "delete from ledger_transfers where transfer_id in ('c-0:sales', 'c-0:arrivals'); delete from ledger_sums; delete from ledger_checkpoint"
  expect(await after(remove)).toEqual(['ledger-arrivals 2'])
  const begin = (time: string) => `insert into ledger_start (recorded_at) values (${time}); ${remove}`
  expect(await after(begin("now() - interval '59 minutes'"))).toEqual([])
  expect(await after(begin("now() - interval '61 minutes'"))).toEqual(['ledger-arrivals 2'])
})
