import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { brokenRules } from '../../test/invariants.ts'
import { createPaymentApp } from '../../test/payments.ts'
import { environmentOf, runCli, runCommand } from '../../test/run-cli.ts'
import { ownHeading as heading, ownRow as row, settlementFiles } from '../../test/settlements.ts'
import { exampleOrder } from '../orders/example.ts'
import type { PaymentView } from '../payments/views.ts'
import { toDecimal } from './amount.ts'
import type { ComparedLine } from './compared-line.ts'
import { stripeFormat } from './format-stripe.ts'

setDefaultTimeout(60_000)

let t: Awaited<ReturnType<typeof createPaymentApp>>
let files: ReturnType<typeof settlementFiles>
const run: typeof files.run = (rows, change) => files.run(rows, change)

beforeAll(async () => {
  t = await createPaymentApp()
  files = settlementFiles(t.address)
})
afterEach(async () => expect(await brokenRules(t.pool)).toEqual([]))
afterAll(async () => {
  files.remove()
  await t.close()
})

type Paid = PaymentView & { operations: { id: string; kind: string; provider_ref: string | null }[] }

/** Places an order in dollars. @returns its uid and amount */
async function place(isPaid = false): Promise<{ uid: string; amount: number }> {
  const order = exampleOrder(randomUUID(), Date.now(), Math.random)
  order.payment = { ...order.payment, currency: 'USD', ...(isPaid ? {} : { payment_dt: 0 }) }
  expect((await t.call('POST', '/api/orders', { body: order })).status).toBe(201)
  return { uid: order.order_uid, amount: order.payment.amount }
}

/** A payment of an order at the sandbox, captured. */
async function paid(): Promise<Paid> {
  const { uid } = await place()
  const { id, state } = await t.pay(uid)
  expect(state).toBe('captured')
  return t.read<Paid>(`/api/payments/${id}`)
}

const resultsOf = (lines: readonly ComparedLine[]) => lines.map(({ row, result }) => [row, result])

async function bookedTransfers(): Promise<string[]> {
  const { rows } = await t.pool.query<{ text: string }>(
    "select transfer_id || ' ' || debit || ' ' || credit || ' ' || amount as text from ledger_transfers where transfer_id like 'settlement:%' order by 1",
  )
  return rows.map(({ text }) => text)
}

test('a payout whose payments, fees and lines agree is matched; its fees and payout are booked once', async () => {
  const [first, second] = [await paid(), await paid()]
  const total = first.amount + second.amount
  const rows = [
    row('a-1', first.amount, 59, { ref: first.provider_ref ?? '', payout: 'A' }),
    row('a-2', second.amount, 41, { payment: second.id, payout: 'A' }),
    row('a-3', -30, 0, { type: 'fee', payout: 'A' }),
    row('a-4', -(total - 130), 0, { type: 'payout', payout: 'A' }),
  ]
  const trial = await run(rows, { isDryRun: true })
  expect(trial).toMatchObject({ isMatched: true, booked: undefined, counts: { matched: 2 } })
  expect(await bookedTransfers()).toEqual([])

  const found = await run(rows)
  expect(found).toMatchObject({
    ...{ rows: 5, lines: 4, otherLines: 2, isMatched: true, payoutsTotal: 1, payoutsWrong: 0 },
    counts: { matched: 2, missing_here: 0, missing_there: 0 },
    booked: { fees: 3, payouts: 1 },
  })
  const booked = [
    'settlement:sandbox:a-1:fee fees:sandbox clearing:sandbox 59',
    'settlement:sandbox:a-2:fee fees:sandbox clearing:sandbox 41',
    'settlement:sandbox:a-3:fee fees:sandbox clearing:sandbox 30',
    `settlement:sandbox:a-4:payout payouts:sandbox clearing:sandbox ${total - 130}`,
  ]
  expect(await bookedTransfers()).toEqual(booked)
  expect(await run(rows)).toMatchObject({ isMatched: true, booked: { fees: 0, payouts: 0 } })
  expect(await bookedTransfers()).toEqual(booked)
})

test('each difference is found, on its row', async () => {
  const [good, less, foreign, fee, twice, absent] = [
    ...[await paid(), await paid(), await paid(), await paid(), await paid(), await paid()],
  ] as [Paid, Paid, Paid, Paid, Paid, Paid]
  const rows = [
    row('b-1', good.amount, 10, { payment: good.id }),
    row('b-2', less.amount - 1, 10, { payment: less.id }),
    row('b-3', foreign.amount, 10, { payment: foreign.id, currency: 'EUR' }),
    row('b-4', fee.amount, 10, { payment: fee.id, net: '1.00' }),
    row('b-5', twice.amount, 10, { payment: twice.id }),
    row('b-5', twice.amount, 10, { payment: twice.id }),
    row('b-6', 500, 10, { ref: 'of another shop' }),
  ]
  const fromMs = Date.parse(good.created_at)
  const period = { fromMs, toMs: Date.now() + 60_000 }
  const { listed: lines, ...found } = await run(rows, { ...period, isDryRun: true })
  expect(found.isMatched).toBe(false)
  expect(found.counts).toEqual({
    ...{ matched: 2, missing_here: 1, missing_there: 1, amount_differs: 1, fee_differs: 1, currency_differs: 1 },
    duplicate: 1,
  })
  expect(resultsOf(lines.filter(({ row }) => row !== null)).toSorted()).toEqual([
    [3, 'amount_differs'],
    [4, 'currency_differs'],
    [5, 'fee_differs'],
    [7, 'duplicate'],
    [8, 'missing_here'],
  ])
  expect(lines.find(({ row }) => row === 3)).toMatchObject({ payment_id: less.id, ours_amount: String(less.amount) })
  expect(lines.find(({ result }) => result === 'missing_there')).toMatchObject({ row: null, payment_id: absent.id })
  // A period that ends before its capture does not expect it.
  expect((await run(rows, { fromMs: 0, toMs: 1, isDryRun: true })).counts.missing_there).toBe(0)
})

test('captures and refunds are matched one by one where the file names them, and as a sum where it does not', async () => {
  const { uid } = await place()
  const { id, amount } = await t.pay(uid, { capture: 'manual' })
  await t.ask(`/api/payments/${id}/capture`, { amount: 100 })
  await t.ask(`/api/payments/${id}/capture`, { amount: amount - 100 })
  await t.ask(`/api/payments/${id}/refunds`, { amount: 40 })
  const { operations, provider_ref: ref } = await t.read<Paid>(`/api/payments/${id}`)
  const [one, two] = operations.filter(({ kind }) => kind === 'capture').map(operation => operation.id)
  const refund = operations.find(({ kind }) => kind === 'refund')?.id ?? ''
  const named = (operation = '') => ({ operation, payment: id })
  const apart = [
    row('c-1', 100, 0, named(one)),
    row('c-2', amount - 100, 0, named(two)),
    row('c-3', -40, 0, { ...named(refund), type: 'refund' }),
  ]
  expect((await run(apart)).counts).toMatchObject({ matched: 3, amount_differs: 0, duplicate: 0 })
  const together = [row('c-4', amount, 0, { ref: ref ?? '' }), row('c-5', -40, 0, { ref: ref ?? '', type: 'refund' })]
  expect((await run(together)).counts).toMatchObject({ matched: 2 })
  // One of two captures is a part; the same one under two ids is there twice; what was never refunded is no refund.
  expect((await run([row('c-6', 100, 0, { ref: ref ?? '' })])).counts).toMatchObject({ matched: 1 })
  expect((await run([row('c-7', 100, 0, named(one)), row('c-8', 100, 0, named(one))])).counts).toMatchObject({
    ...{ matched: 1, duplicate: 1 },
  })
  const twice = [row('c-9', amount, 0, { ref: ref ?? '' }), row('c-10', amount, 0, { ref: ref ?? '' })]
  expect((await run(twice)).counts).toMatchObject({ amount_differs: 2 })
  expect((await run([row('c-11', -41, 0, { ref: ref ?? '', type: 'refund' })])).counts).toMatchObject({
    amount_differs: 1,
  })
})

test('the payment that an order arrived with is matched by the order', async () => {
  const { uid, amount } = await place(true)
  const [payment] = await t.read<PaymentView[]>(`/api/orders/${uid}/payments`)
  const rows = [row('d-1', amount, 0, { payment: uid }), row('d-2', amount, 0, { payment: `${uid}x` })]
  const provider = payment?.provider ?? ''
  expect((await run(rows, { provider })).counts).toMatchObject({ matched: 1, missing_here: 1 })
  expect((await run(rows)).counts).toMatchObject({ matched: 0, missing_here: 2 })
})

test('a payout that does not sum to nothing, and an amount that an earlier file had otherwise, are said', async () => {
  const payment = await paid()
  const rows = (payout: number) => [
    row('e-1', payment.amount, 7, { payment: payment.id, payout: 'E' }),
    row('e-2', -payout, 0, { type: 'payout', payout: 'E' }),
  ]
  const wrong = await run(rows(payment.amount - 8), { isDryRun: true })
  expect(wrong).toMatchObject({ isMatched: false, payoutsWrong: 1, payouts: [{ payout: 'E', off: '1' }] })
  expect(await run(rows(payment.amount - 7))).toMatchObject({ isMatched: true, booked: { fees: 1, payouts: 1 } })
  const before = await bookedTransfers()
  const otherwise = await run([
    row('e-1', payment.amount, 8, { payment: payment.id, payout: 'E' }),
    row('e-2', -(payment.amount - 8), 0, { type: 'payout', payout: 'E' }),
  ])
  expect(otherwise).toMatchObject({
    ...{ isMatched: false, payoutsWrong: 1, booked: { fees: 0, payouts: 0 } },
    counts: { fee_differs: 1 },
    payouts: [{ isBookedOtherwise: true, off: '0' }],
  })
  expect(await bookedTransfers()).toEqual(before)
})

test("a payout that Stripe's report has no line for is what its lines come to; one of its own is not booked again", async () => {
  const names =
    'automatic_payout_id,balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,source_id,payment_intent_id'
  const file = (...rows: string[]) => ({ path: files.write([names, ...rows].join('\n')), format: stripeFormat })
  const charge = 'po_9,txn_91,2026-11-20 10:00:00,usd,10.00,0.59,9.41,charge,ch_9,pi_9'
  const derived = await run([], { provider: 'stripe', file: file(charge) })
  expect(derived).toMatchObject({ counts: { missing_here: 1 }, payoutsWrong: 0, booked: { fees: 1, payouts: 1 } })
  const said = await run([], {
    provider: 'stripe',
    file: file(charge, ',txn_92,2026-11-22 10:00:00,usd,-9.41,0.00,-9.41,payout,po_9,'),
  })
  expect(said).toMatchObject({ payoutsWrong: 0, booked: { fees: 0, payouts: 0 } })
  expect((await bookedTransfers()).filter(text => text.includes('stripe'))).toEqual([
    'settlement:stripe:po_9:payout payouts:stripe clearing:stripe 941',
    'settlement:stripe:txn_91:fee fees:stripe clearing:stripe 59',
  ])
})

test('two runs at the same time book everything once', async () => {
  const rows = Array.from({ length: 2_500 }, (_, index) => row(`f-${index}`, -3, 0, { type: 'fee' }))
  const [one, two] = await Promise.all([run(rows), run(rows)])
  expect([one, two].every(({ isMatched }) => isMatched)).toBe(true)
  expect((await bookedTransfers()).filter(text => text.includes(':f-')).length).toBe(2_500)
})

test('the command: exit code 0 when all is matched, 1 for differences, 2 for a bad file, which books nothing', async () => {
  const payment = await paid()
  const environment = environmentOf(t.address)
  const reconcileFile = (path: string, ...args: string[]) => runCommand(['reconcile', path, ...args], environment)
  const good = files.write([heading, row('g-1', payment.amount, 5, { payment: payment.id })].join('\n'))
  const matched = await reconcileFile(good, '--provider', 'sandbox', '--json')
  expect(matched.exitCode).toBe(0)
  expect(JSON.parse(matched.out)).toMatchObject({
    ...{ format: 'own', provider: 'sandbox', matched: true, lines: 1, differences: [] },
    outcomes: { matched: 1, missing_there: 0 },
    booked: { fees: 1, payouts: 0 },
  })
  const differing = files.write(
    [heading, row('g-1', payment.amount, 5, { payment: payment.id }), row('g-2', 1, 0, { ref: '=cmd()' })].join('\n'),
  )
  const asTable = await reconcileFile(differing, '--provider', 'sandbox', '--dry-run')
  expect(asTable.exitCode).toBe(1)
  expect(asTable.out).toMatch(/^missing_here +1$/m)
  expect(asTable.out).toContain('nothing is booked')
  const csv = await runCli(['reconcile', differing, '--provider', 'sandbox', '--csv', '--dry-run'], environment)
  expect(csv.exitCode).toBe(1)
  const [names, ...body] = csv.out.trimEnd().split('\r\n')
  expect(names).toStartWith('outcome,row,line_id,kind')
  expect(body.toSorted()).toEqual([
    `matched,2,g-1,payment,${payment.order_uid},${payment.id},${payment.id},USD,${toDecimal(BigInt(payment.amount), 'USD')},USD,0.05,USD,${toDecimal(BigInt(payment.amount), 'USD')}`,
    `missing_here,3,g-2,payment,,,'=cmd(),USD,0.01,USD,0.00,,`,
  ])
  const bad = files.write([heading, row('g-3', -9, 0, { type: 'fee' }), 'g-4,fee,,,,0.001,,,USD,,'].join('\n'))
  const refused = await reconcileFile(bad, '--provider', 'sandbox')
  expect(refused).toMatchObject({ exitCode: 2, out: '' })
  expect(refused.err).toContain('row 3: "0.001" has more decimals than USD')
  expect((await bookedTransfers()).some(text => text.includes('g-3'))).toBe(false)
  for (const args of [
    [good],
    [join(files.folder, 'none.csv'), '--provider', 'x'],
    [good, '--provider', 'x', '--format', 'y'],
    [good, '--provider', 'x', '--actor', ' '],
  ]) {
    const [path = '', ...options] = args
    expect((await reconcileFile(path, ...options)).exitCode).toBe(2)
  }
})
