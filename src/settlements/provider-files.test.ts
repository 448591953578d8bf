import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brokenRules } from '../../test/invariants.ts'
import { createPaymentApp } from '../../test/payments.ts'
import { environmentOf, runCli } from '../../test/run-cli.ts'
import { exampleOrder } from '../orders/example.ts'
import { toDecimal } from './amount.ts'

/** Providers' files, from the command to the books. */

setDefaultTimeout(60_000)

let t: Awaited<ReturnType<typeof createPaymentApp>>
let folder: string
let laterMs = 0

beforeAll(async () => {
  t = await createPaymentApp({ now: () => Date.now() + laterMs })
  folder = mkdtempSync(join(tmpdir(), 'orders-provider-files-'))
})
afterEach(async () => expect(await brokenRules(t.pool)).toEqual([]))
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await t.close()
})

type Result = {
  matched: boolean
  outcomes: Record<string, number>
  payouts_wrong: number
  booked: { fees: number; payouts: number }
  differences: { row: number | null; kind: string; outcome: string }[]
}

/** Runs the command on a file, as a person does. */
async function reconcile(text: string, ...args: string[]): Promise<Result & { exitCode: number; err: string }> {
  const path = join(folder, `${randomUUID()}.csv`)
  writeFileSync(path, text)
  const { exitCode, out, err } = await runCli(['reconcile', path, '--json', ...args], environmentOf(t.address))
  return { ...(out === '' ? ({} as Result) : (JSON.parse(out) as Result)), exitCode, err }
}

/** An order in euros that was paid at a provider before it came. */
async function arrived(provider: string): Promise<{ uid: string; amount: number; decimal: string }> {
  const order = exampleOrder(randomUUID(), Date.now(), Math.random)
  order.payment = { ...order.payment, currency: 'EUR', provider }
  expect((await t.call('POST', '/api/orders', { body: order })).status).toBe(201)
  const { amount } = order.payment
  return { uid: order.order_uid, amount, decimal: toDecimal(BigInt(amount), 'EUR') }
}

test('a file of Adyen: payments by the merchant reference, fees and the payout of its batch; the fee is in the books of its order', async () => {
  const [one, two] = [await arrived('adyen'), await arrived('adyen')]
  const net = one.amount + two.amount - 51 - 30 - 100
  const heading =
    'Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,Creation Date,TimeZone,Type,Modification Reference,Gross Currency,Gross Debit (GC),Gross Credit (GC),Exchange Rate,Net Currency,Net Debit (NC),Net Credit (NC),Commission (NC),Markup (NC),Scheme Fees (NC),Interchange (NC),Batch Number'
  const file = (payout: number) => `${heading}
Shop,ShopEU,PSP1,${one.uid},visa,2026-11-20 10:00:00,CET,Settled,MOD1,EUR,,${one.decimal},1,EUR,,${toDecimal(BigInt(one.amount - 51), 'EUR')},,0.20,0.10,0.21,4
Shop,ShopEU,PSP2,${two.uid},mc,2026-11-20 11:00:00,CET,Settled,MOD2,EUR,,${two.decimal},1,EUR,,${toDecimal(BigInt(two.amount - 30), 'EUR')},0.30,,,,4
Shop,ShopEU,,,,2026-11-22 10:00:00,CET,Fee,"Transaction Fees, November",,,,,EUR,1.00,,,,,,4
Shop,ShopEU,,,,2026-11-22 10:00:00,CET,MerchantPayout,"TX1 batch 4, ShopEU",,,,,EUR,${toDecimal(BigInt(payout), 'EUR')},,,,,,4
`
  const wrong = await reconcile(file(net - 1), '--format', 'adyen', '--dry-run')
  expect(wrong).toMatchObject({ exitCode: 1, payouts_wrong: 1, outcomes: { matched: 2 } })
  const found = await reconcile(file(net), '--format', 'adyen')
  expect(found).toMatchObject({ exitCode: 0, matched: true, outcomes: { matched: 2 }, booked: { fees: 3, payouts: 1 } })
  expect(await t.transfersOf(one.uid)).toEqual([
    `receivable revenue ${one.amount}`,
    `clearing:adyen receivable ${one.amount}`,
    'fees:adyen clearing:adyen 51',
  ])
  expect(await t.read<unknown[]>(`/api/ledger/transfers?payment_id=${two.uid}`)).toMatchObject([
    { kind: 'fee', amount: 30, order_uid: two.uid, payment_id: two.uid, operation_id: null },
  ])
  expect(await reconcile(file(net), '--format', 'adyen')).toMatchObject({
    exitCode: 0,
    booked: { fees: 0, payouts: 0 },
  })
})

const paypalHeading =
  '"CH","Transaction ID","Invoice ID","PayPal Reference ID","PayPal Reference ID Type","Transaction Event Code","Transaction Initiation Date","Transaction Completion Date","Transaction Debit or Credit","Gross Transaction Amount","Gross Transaction Currency","Fee Debit or Credit","Fee Amount","Fee Currency","Custom Field"'

function paypalFile(rows: readonly string[]): string[] {
  return [
    '"RH",2026/11/21 02:44:19 -0800,"A","SHOPACCOUNT01",009,',
    '"FH",01',
    '"SH",2026/11/20 00:00:00 -0800,2026/11/20 23:59:59 -0800,"SHOPACCOUNT01",""',
    paypalHeading,
    ...rows,
    '"SF","EUR",2620,1000,0,121',
    `"SC",${rows.length}`,
    '"RF","EUR",2620,1000,0,121',
    `"RC",${rows.length}`,
    '"FF",1',
  ]
}

const at = '2026/11/20 10:00:00 -0800,2026/11/20 10:00:01 -0800'

test('a file of PayPal: payments by the custom field, fees and a withdrawal; the fee is in the books of its order', async () => {
  const { uid, amount } = await arrived('paypal')
  const rows = [
    `"SB","TXN1","","","","T0006",${at},"CR",${amount},"EUR","DR",121,"EUR","${uid}"`,
    `"SB","TXN2","","","","T0400",${at},"DR",${amount - 121},"EUR","",,"",""`,
    `"SB","TXN3","","","","T0006",${at},"CR",900,"EUR","DR",40,"EUR","of another shop"`,
  ]
  const found = await reconcile(paypalFile(rows).join('\n'), '--format', 'paypal')
  expect(found).toMatchObject({
    ...{ exitCode: 1, outcomes: { matched: 1, missing_here: 1 }, booked: { fees: 2, payouts: 1 } },
    differences: [{ row: 7, outcome: 'missing_here' }],
  })
  expect(await t.transfersOf(uid)).toContain('fees:paypal clearing:paypal 121')
})

test('a file of PayPal that is cut off, or has other counts than its footers say, is refused and books nothing', async () => {
  const row = `"SB","TXN9","","","","T0006",${at},"CR",100,"EUR","DR",9,"EUR","x"`
  const whole = paypalFile([row, row])
  const without = (type: string) => whole.filter(line => !line.startsWith(`"${type}"`))
  for (const [lines, refusal] of [
    // A transfer that broke off in the middle of the transactions, and between the footers.
    [whole.slice(0, 5), 'row 5: the row FF that ends the file is missing'],
    [whole.slice(0, -1), 'row 10: the row FF that ends the file is missing'],
    [without('SC'), 'row 10: the row SC that ends the section is missing'],
    [whole.toSpliced(4, 1), 'row 7: the section has 1 transactions, and the row SC says 2'],
    [[...without('RC').slice(0, -1), '"RC",1', '"FF",1'], 'row 10: the file has 2 transactions, and the row RC says 1'],
    [[...whole, row], 'row 12: a row stands behind the row FF'],
  ] as const) {
    const refused = await reconcile(lines.join('\n'), '--format', 'paypal')
    expect(refused.exitCode).toBe(2)
    expect(refused.err).toContain(refusal)
  }
  const { rows } = await t.pool.query("select from ledger_transfers where transfer_id like 'settlement:paypal:TXN9%'")
  expect(rows).toEqual([])
})

test('a dispute is matched by its amount, which the provider takes and may give back', async () => {
  const { uid, amount } = await t.place()
  const { id, currency } = await t.pay(uid, { method_token: 'tok_dispute_lost' })
  laterMs += 6_000
  const { provider_ref, amounts } = await t.ask(`/api/payments/${id}/sync`)
  expect(amounts.disputed).toBe(amount)
  const undisputed = await t.pay((await t.place()).uid)
  const decimal = (minor: number) => toDecimal(BigInt(minor), currency)
  const rows = [
    ['p', 'payment', provider_ref, decimal(amount), '0', currency],
    ['a', 'dispute', provider_ref, `-${decimal(amount)}`, '15.00', currency],
    ['b', 'dispute', provider_ref, decimal(amount), '-15.00', currency],
    ['c', 'dispute', provider_ref, `-${decimal(amount - 1)}`, '0', currency],
    ['d', 'dispute', undisputed.provider_ref, `-${decimal(undisputed.amount)}`, '0', undisputed.currency],
    ['a', 'dispute', provider_ref, `-${decimal(amount)}`, '15.00', currency],
  ]
  const text = [['line_id', 'type', 'provider_ref', 'amount', 'fee', 'currency'], ...rows]
    .map(row => row.join(','))
    .join('\n')
  const found = await reconcile(text, '--provider', 'sandbox')
  expect(found.differences.filter(({ kind }) => kind === 'dispute').map(({ row, outcome }) => [row, outcome])).toEqual([
    [5, 'amount_differs'],
    [6, 'amount_differs'],
    [7, 'duplicate'],
  ])
  expect(found).toMatchObject({ outcomes: { matched: 3 }, booked: { fees: 2, payouts: 0 } })
  // What the bank takes is booked by the payment; of the file, only what the provider charges for it, and gives back.
  const transfers = await t.transfersOf(uid)
  expect(transfers.filter(text => text.startsWith('disputes:'))).toEqual([
    `disputes:sandbox clearing:sandbox ${amount}`,
  ])
  expect(transfers.filter(text => text.includes('fees:'))).toHaveLength(2)
})
