import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createOrdersDatabase } from '../../test/app.ts'
import { testLog } from '../../test/kafka.ts'
import { createPool, inTransaction, type Pool, withConnection } from '../platform/postgres.ts'
import { type Balance, readBalances } from './balances.ts'
import { addToSums } from './sums.ts'
import type { Transfer } from './transfer.ts'
import { insertTransfers } from './transfers.ts'

setDefaultTimeout(60_000)

let t: Awaited<ReturnType<typeof createOrdersDatabase>>
let other: Pool
beforeAll(async () => {
  t = await createOrdersDatabase()
  other = createPool(t.address, { connectionsMax: 2, name: 'other', log: testLog })
})
afterAll(async () => {
  await other.end()
  await t.drop()
})

const startMs = Date.UTC(2026, 10, 28, 23, 58)
let count = 0

function transferAt(ms: number, amount: bigint | number = 5): Transfer {
  count += 1
  return {
    transferId: `t-${count}`,
    kind: 'capture',
    provider: count % 3 === 0 ? 'manual' : 'stripe',
    currency: count % 2 === 0 ? 'USD' : 'EUR',
    amount,
    orderUid: undefined,
    paymentId: undefined,
    operationId: undefined,
    orders: undefined,
    recordedAt: new Date(ms),
  }
}

const book = (transfers: readonly Transfer[]) => inTransaction(t.pool, client => insertTransfers(client, transfers))

/** The balances as they follow from the transfers alone. */
async function recount(atMs = Number.MAX_SAFE_INTEGER): Promise<Balance[]> {
  const { rows } = await t.pool.query<Balance>(
    `select account, currency, sum(debits)::text as debits, sum(credits)::text as credits, (sum(debits) - sum(credits))::text as balance
       from ledger_transfers
      cross join lateral (values (debit, amount, 0), (credit, 0, amount)) leg (account, debits, credits)
      where extract(epoch from recorded_at) * 1000 < $1
      group by account, currency
      order by account collate "C", currency collate "C"`,
    [atMs],
  )
  return rows
}

const balances = (atMs?: number) => readBalances(t.pool, { atMs, limit: 100 })

async function addAll(max: number): Promise<number> {
  let added = 0
  for (let more = -1; more !== 0; added += more) more = await addToSums(t.pool, max)
  return added
}

test('balances are exact at every time, however far the sums have come', async () => {
  const minute = 60_000
  // Two days, and at the borders of their minutes; recorded in another order than booked.
  const times = [0, 1, minute - 1, minute, 2 * minute - 1, 2 * minute, 3 * minute, -minute].map(ms => startMs + ms)
  await book(times.map(ms => transferAt(ms)))
  await book(times.toReversed().map(ms => transferAt(ms, 2n ** 62n)))
  const expectExact = async () => {
    expect(await balances()).toEqual(await recount())
    for (const ms of times.flatMap(at => [at, at + 1])) expect(await balances(ms)).toEqual(await recount(ms))
  }
  await expectExact()
  for (let added = 3; added === 3; ) {
    added = await addToSums(t.pool, 3)
    await expectExact()
  }
  const [first] = await balances()
  expect(BigInt(first?.debits ?? 0) > 2n ** 63n).toBe(true)
  const page = await readBalances(t.pool, { limit: 2, after: { account: 'clearing:manual', currency: 'EUR' } })
  expect(page).toEqual((await recount()).slice(1, 3))
})

test('the sums wait for a transaction that may still book before others, and balances have what is committed', async () => {
  await addAll(10)
  await withConnection(t.pool, async client => {
    await client.query('begin')
    await insertTransfers(client, [transferAt(startMs)])
    await book([transferAt(startMs, 7)])
    expect(await addAll(10)).toBe(0)
    expect(await balances()).toEqual(await recount())
    await client.query('commit')
  })
  expect(await addAll(10)).toBe(2)
  expect(await balances()).toEqual(await recount())
})

test('two instances that add at once, of which one is killed on the way, add each transfer once', async () => {
  await book(Array.from({ length: 200 }, (_, index) => transferAt(startMs + index * 1_000)))
  const killed = await other.connect()
  killed.on('error', () => undefined)
  const { rows } = await killed.query<{ pid: number }>('select pg_backend_pid() as pid')
  // It has locked the checkpoint, as an instance does that adds.
  await killed.query('begin; select from ledger_checkpoint for update')
  expect(await addToSums(t.pool, 10)).toBe(0)
  await t.pool.query('select pg_terminate_backend($1)', [rows[0]?.pid])
  killed.release(true)
  let added = 0
  while (added < 200) {
    const both = await Promise.all([addToSums(t.pool, 7), addToSums(other, 7)])
    added += both[0] + both[1]
    expect(await balances()).toEqual(await recount())
  }
  expect(added).toBe(200)
  const { rows: sums } = await t.pool.query(
    `select seconds, sum(debits)::text as debits, sum(credits)::text as credits from ledger_sums group by seconds order by 1`,
  )
  const { rows: all } = await t.pool.query(
    'select sum(amount)::text as debits, sum(amount)::text as credits from ledger_transfers',
  )
  expect(sums).toEqual([60, 86_400].map(seconds => ({ seconds, ...all[0] })))
})
