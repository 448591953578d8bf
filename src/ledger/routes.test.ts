import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { nextOf } from '../../test/links.ts'
import { makeOrders } from '../../test/orders.ts'
import { inTransaction } from '../platform/postgres.ts'
import { findBookedOrders } from './queries.ts'
import { addToSums } from './sums.ts'
import type { Transfer } from './transfer.ts'
import { insertTransfers } from './transfers.ts'

setDefaultTimeout(60_000)

let t: TestApp
beforeAll(async () => {
  t = await createTestApp()
  for (const [index, order] of makeOrders(3, 'l').entries()) {
    const payment = { ...order.payment, currency: 'USD', payment_dt: index === 2 ? 0 : order.payment.payment_dt }
    expect((await t.call('POST', '/api/orders', { body: { ...order, payment } })).status).toBe(201)
  }
})
afterAll(() => t.close())

const startMs = Date.UTC(2030, 0, 1)

function transfer(transferId: string, ms: number, change: Partial<Transfer> = {}): Transfer {
  const common = { provider: 'sandbox', currency: 'JPY', amount: 10, orders: undefined, operationId: undefined }
  const recordedAt = new Date(startMs + ms)
  return { transferId, kind: 'capture', orderUid: 'l-2', paymentId: 'pay_1', recordedAt, ...common, ...change }
}

const book = (transfers: readonly Transfer[]) => inTransaction(t.pool, client => insertTransfers(client, transfers))

/** Everything that pages lead to, as text. */
async function readPages(path: string): Promise<string[]> {
  const pages: string[] = []
  for (let next: string | undefined = path; next !== undefined; ) {
    const response = await t.call('GET', next)
    pages.push(await response.text())
    expect(response.status, pages.at(-1)).toBe(200)
    next = nextOf(next, response)
  }
  return pages
}

const idsOf = (pages: readonly string[]) =>
  pages.flatMap(page => (JSON.parse(page) as { id: string }[]).map(({ id }) => id))

test('an order that arrived paid has its sale and its capture, an unpaid one nothing, and one that is not there is not found', async () => {
  const { payment } = JSON.parse(await (await t.call('GET', '/api/orders/l-0')).text())
  const { rows } = await t.pool.query<{ at: Date }>("select recorded_at as at from events where stream_id = 'l-0'")
  const common = {
    currency: 'USD',
    amount: payment.amount,
    order_uid: 'l-0',
    payment_id: null,
    operation_id: null,
    orders: null,
  }
  const recorded = { recorded_at: rows[0]?.at.toISOString() }
  expect(JSON.parse((await readPages('/api/orders/l-0/ledger')).join())).toEqual([
    { id: 'l-0:sale', kind: 'sale', debit: 'receivable', credit: 'revenue', ...common, ...recorded },
    { id: 'l-0:arrival', kind: 'capture', debit: 'clearing:wbpay', credit: 'receivable', ...common, ...recorded },
  ])
  expect(await readPages('/api/orders/l-2/ledger')).toEqual(['[]'])
  for (const uid of ['nobody', '%00']) expect((await t.call('GET', `/api/orders/${uid}/ledger`)).status).toBe(404)
})

test('what moved later stands behind it, in pages', async () => {
  const refunds = ['a', 'b', 'c'].map((id, index) =>
    transfer(`op_${id}`, index, {
      kind: 'refund',
      orderUid: 'l-1',
      provider: 'wbpay',
      currency: 'USD',
      amount: 2n ** 60n + 1n,
    }),
  )
  await book(refunds)
  const pages = await readPages('/api/orders/l-1/ledger?limit=2')
  expect(idsOf(pages)).toEqual(['l-1:sale', 'l-1:arrival', 'op_a', 'op_b', 'op_c'])
  expect(pages.length).toBe(2)
  // Written as it is, and not as the nearest double.
  expect(pages[1]).toContain('"amount":1152921504606846977,')
})

test('an order from before the books began has none until its arrival is booked', async () => {
  await t.pool.query("insert into ledger_start (recorded_at) select max(recorded_at) + interval '1 s' from events")
  expect(await readPages('/api/orders/l-0/ledger')).toEqual(['[]'])
  const order = (await findBookedOrders(t.pool, ['l-0', 'l-2', 'nobody'])).values()
  expect([...order].map(({ orderUid, arrivedPaid, isInBooks }) => ({ orderUid, arrivedPaid, isInBooks }))).toEqual([
    { orderUid: 'l-0', arrivedPaid: true, isInBooks: false },
    { orderUid: 'l-2', arrivedPaid: false, isInBooks: false },
  ])
  await t.pool.query('delete from ledger_start')
})

test('balances, now and at a time, in pages: debits and credits of each currency are the same', async () => {
  await book([
    transfer('op_1', 0),
    transfer('op_2', 60_000, { amount: 2n ** 63n }),
    transfer('op_3', 59_999, { kind: 'suspense' }),
  ])
  await addToSums(t.pool)
  const ofYen = async (query: string) => {
    const text = (await readPages(`/api/ledger/accounts${query}`)).join('\n')
    return text.match(/\{"account":"[^"]*","currency":"JPY"[^}]*\}/g)
  }
  const receivable = (amount: string) =>
    `{"account":"receivable","currency":"JPY","debits":0,"credits":${amount},"balance":-${amount}}`
  const suspense = '{"account":"suspense:sandbox","currency":"JPY","debits":0,"credits":10,"balance":-10}'
  const clearing = (amount: string) =>
    `{"account":"clearing:sandbox","currency":"JPY","debits":${amount},"credits":0,"balance":${amount}}`
  expect(await ofYen('?limit=1')).toEqual([
    clearing('9223372036854775828'),
    receivable('9223372036854775818'),
    suspense,
  ])
  expect(await ofYen('?at=2030-01-01T00:01:00Z')).toEqual([clearing('20'), receivable('10'), suspense])
  expect(await ofYen('?at=2030-01-01T00:00:00Z')).toBeNull()
  const all = (await readPages('/api/ledger/accounts')).join()
  const dollars = [...all.matchAll(/"USD","debits":(\d+),"credits":(\d+),"balance":(-?\d+)\}/g)].map(found =>
    found.slice(1).map(BigInt),
  )
  expect(dollars.length).toBeGreaterThan(2)
  expect(dollars.map(([debits = 0n, credits = 0n, balance]) => debits - credits - (balance ?? 0n))).toEqual(
    dollars.map(() => 0n),
  )
  expect(dollars.reduce((sum, [, , balance = 0n]) => sum + balance, 0n)).toBe(0n)
})

test('transfers are listed by every filter and exported, each once', async () => {
  await book(
    Array.from({ length: 7 }, (_, index) =>
      transfer(`f-${index}`, 100_000 + index, { provider: 'found', paymentId: `pay_f${index % 2}` }),
    ),
  )
  const newest = [6, 5, 4, 3, 2, 1, 0].map(index => `f-${index}`)
  const list = async (query: string) => idsOf(await readPages(`/api/ledger/transfers?${query}`))
  expect(await list('account=clearing:found')).toEqual(newest)
  expect(await list('account=clearing:found&limit=2')).toEqual(newest)
  expect(await list('account=clearing:found&limit=3&sort=oldest')).toEqual(newest.toReversed())
  expect(await list('payment_id=pay_f1&order_uid=l-2')).toEqual(['f-5', 'f-3', 'f-1'])
  expect(await list('from=2030-01-01T00:01:40.002Z&to=2030-01-01T00:01:40.004Z')).toEqual(['f-3', 'f-2'])
  expect(await list('account=nothing')).toEqual([])
  const everything = await list('')
  const headers = { accept: 'application/x-ndjson' }
  const lines = (await (await t.call('GET', '/api/ledger/transfers', { headers })).text()).trimEnd().split('\n')
  expect(lines.slice(0, -1).map(line => JSON.parse(line).id)).toEqual(everything)
  expect(JSON.parse(lines.at(-1) ?? '')).toEqual({ complete: true, count: everything.length })
})

test('a page looks at a bounded number of transfers, and pages together have everything', async () => {
  await t.pool.query(
    `insert into ledger_transfers (transfer_id, kind, debit, credit, currency, amount, recorded_at)
     select 'm-' || n, 'fee', 'fees:big', case when n % 4000 = 7 then 'clearing:rare' else 'clearing:big' end, 'SEK', 1,
            '2031-01-01'::timestamptz + n * interval '1 s'
       from generate_series(1, 12000) n`,
  )
  const pages = await readPages('/api/ledger/transfers?account=clearing:rare')
  expect(idsOf(pages)).toEqual(['m-8007', 'm-4007', 'm-7'])
  expect(pages.length).toBeGreaterThan(2)
})

test('a wrong query is refused with everything that is wrong', async () => {
  for (const [path, pointers] of [
    [
      '/api/ledger/transfers?cursor=x&from=now&limit=0&sort=up&kind=sale',
      ['/kind', '/limit', '/cursor', '/sort', '/from'],
    ],
    ['/api/ledger/accounts?at=now&cursor=x', ['/cursor', '/at']],
    ['/api/orders/l-0/ledger?cursor=1', ['/cursor']],
  ] as const) {
    const response = await t.call('GET', path)
    expect(response.status).toBe(400)
    const { errors }: { errors: { pointer: string }[] } = JSON.parse(await response.text())
    expect(errors.map(({ pointer }) => pointer)).toEqual([...pointers])
  }
  const headers = { accept: 'application/x-ndjson' }
  expect((await t.call('GET', '/api/ledger/transfers?limit=3', { headers })).status).toBe(400)
})
