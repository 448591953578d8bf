import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createOrdersDatabase } from '../../test/app.ts'
import { notifyOfEvents } from '../events/append.ts'
import { copyInto } from '../platform/copy.ts'
import { inTransaction, violatedKey } from '../platform/postgres.ts'
import type { Transfer } from './transfer.ts'
import { copyOfTransfers, insertTransfers, TransferConflictError } from './transfers.ts'

setDefaultTimeout(60_000)

let t: Awaited<ReturnType<typeof createOrdersDatabase>>
beforeAll(async () => {
  t = await createOrdersDatabase()
})
afterAll(() => t.drop())

const recordedAt = new Date('2026-11-28T10:00:00.123Z')

function transfer(transferId: string, change: Partial<Transfer> = {}): Transfer {
  return {
    transferId,
    kind: 'capture',
    provider: 'stripe',
    currency: 'USD',
    amount: 1817,
    orderUid: 'o-1',
    paymentId: 'pay_1',
    operationId: 'op_1',
    orders: undefined,
    recordedAt,
    ...change,
  }
}

const book = (transfers: readonly Transfer[], repeated?: 'ignored') =>
  inTransaction(t.pool, client => insertTransfers(client, transfers, repeated))

async function stored(like: string): Promise<(Record<string, unknown> & { transfer_id: string })[]> {
  const { rows } = await t.pool.query<Record<string, unknown> & { transfer_id: string }>(
    `select transfer_id, kind, debit, credit, currency, amount, order_uid, payment_id, operation_id, orders, recorded_at
       from ledger_transfers where transfer_id like $1 order by position`,
    [like],
  )
  return rows
}

test('transfers are booked with the accounts of their kind, a sale first, also beyond 2^53, copied and inserted alike', async () => {
  const huge = 2n ** 70n
  const made = (prefix: string) => [
    transfer(`${prefix}-op`),
    transfer(`${prefix}-sale`, {
      kind: 'sale',
      provider: undefined,
      amount: huge,
      paymentId: undefined,
      operationId: undefined,
    }),
    transfer(`${prefix}-group`, { orderUid: undefined, paymentId: undefined, operationId: undefined, orders: 3 }),
  ]
  await book(made('i'))
  const client = await t.pool.connect()
  await copyInto(client, [copyOfTransfers(made('c'))], notifyOfEvents)
  client.release()
  const inserted = await stored('i-%')
  const nothing = { payment_id: null, operation_id: null, orders: null }
  const common = {
    currency: 'USD',
    amount: '1817',
    recorded_at: recordedAt,
    kind: 'capture',
    debit: 'clearing:stripe',
    credit: 'receivable',
  }
  expect(inserted).toEqual([
    {
      ...common,
      ...nothing,
      transfer_id: 'i-sale',
      kind: 'sale',
      debit: 'receivable',
      credit: 'revenue',
      amount: String(huge),
      order_uid: 'o-1',
    },
    { ...common, ...nothing, transfer_id: 'i-group', order_uid: null, orders: 3 },
    { ...common, transfer_id: 'i-op', order_uid: 'o-1', payment_id: 'pay_1', operation_id: 'op_1', orders: null },
  ])
  const renamed = (await stored('c-%')).map(row => ({
    ...row,
    transfer_id: String(row.transfer_id).replace('c-', 'i-'),
  }))
  expect(renamed).toEqual(inserted)
})

test('nothing is booked twice: a repeated transfer is refused, or ignored where the caller says so and it is the same', async () => {
  await book([transfer('t-1'), transfer('t-2')])
  const refused = await book([transfer('t-1')]).catch((error: unknown) => error)
  expect(violatedKey(refused)).toBe('ledger_transfers_pkey')
  await book([transfer('t-3'), transfer('t-1', { recordedAt: new Date() })], 'ignored')
  expect((await stored('t-%')).length).toBe(3)
  for (const change of [
    { amount: 1818 },
    { kind: 'suspense' },
    { provider: 'manual' },
    { currency: 'EUR' },
    { orderUid: 'o-2' },
    { operationId: undefined },
  ] as const) {
    const changed = book([transfer('t-4'), transfer('t-1', change)], 'ignored')
    expect(await changed.catch((error: unknown) => error)).toBeInstanceOf(TransferConflictError)
  }
  expect((await stored('t-%')).map(row => row.transfer_id)).toEqual(['t-1', 't-2', 't-3'])
})

test('a transfer of a kind that moves an account of a provider names one, and an amount of 0 is no transfer', async () => {
  await expect(book([transfer('n-1', { provider: undefined })])).rejects.toThrow(RangeError)
  await expect(book([transfer('n-1', { amount: 0 })])).rejects.toThrow('ledger_transfers_amount_check')
})
