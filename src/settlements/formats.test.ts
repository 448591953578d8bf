import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toDecimal, toMinor } from './amount.ts'
import type { SettlementFormat } from './format.ts'
import { adyenFormat } from './format-adyen.ts'
import { ownFormat } from './format-own.ts'
import { paypalFormat } from './format-paypal.ts'
import { stripeFormat } from './format-stripe.ts'
import { type NumberedLine, readSettlements, type SettlementFile } from './reader.ts'
import { toInstant } from './time.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'orders-settlements-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** The lines of a file, taken one batch at a time. */
async function linesOf(format: SettlementFormat, text: string | Buffer, change: Partial<SettlementFile> = {}) {
  const path = join(folder, 'file.csv')
  writeFileSync(path, text)
  const lines: NumberedLine[] = []
  const take = async (batch: readonly NumberedLine[]) => void lines.push(...batch)
  const rows = await readSettlements({ path, format, ...change }, take, 2)
  return { rows, lines }
}

const refusalOf = (format: SettlementFormat, text: string | Buffer, change: Partial<SettlementFile> = {}) =>
  linesOf(format, text, change).then(
    () => 'nothing',
    (error: Error) => `${error.name}: ${error.message}`,
  )

describe('amounts', () => {
  test('are padded to the digits of their currency, and refused with more', () => {
    const read = (text: string, code: string) => toMinor(text, code, { decimal: '.' })
    expect([
      read('26.2', 'EUR'),
      read('26', 'EUR'),
      read('-0.05', 'EUR'),
      read('+7.5', 'BHD'),
      read('900', 'JPY'),
      read('.11', 'EUR'),
    ]).toEqual([2620, 2600, -5, 7500, 900, 11])
    for (const [text, code] of [
      ['26.201', 'EUR'],
      ['26.200', 'EUR'],
      ['9.0', 'JPY'],
      ['26.', 'EUR'],
      ['.', 'EUR'],
      ['-', 'EUR'],
      ['1,000.00', 'EUR'],
      ['1e3', 'EUR'],
      ['', 'EUR'],
      ['1.00', 'XXX'],
      ['90071992547409.92', 'EUR'],
    ] as const) {
      expect(() => read(text, code), `${text} ${code}`).toThrow()
    }
    expect(toMinor('1.234,5'.replace('.', ''), 'EUR', { decimal: ',' })).toBe(123_450)
    expect(() => toMinor('1.50', 'EUR', { decimal: ',' })).toThrow('no amount')
  })

  test('with decimals that the provider writes and the currency has not are zeros there', () => {
    const form = { decimal: '.', providerDigits: { ISK: 2 } } as const
    expect(toMinor('1000.00', 'ISK', form)).toBe(1000)
    expect(() => toMinor('1000.50', 'ISK', form)).toThrow('more decimals')
  })

  test('are shown with their decimals', () => {
    expect([toDecimal(2620n, 'EUR'), toDecimal(-5n, 'EUR'), toDecimal(900n, 'JPY'), toDecimal(1n, 'BHD')]).toEqual([
      '26.20',
      '-0.05',
      '900',
      '0.001',
    ])
  })
})

test('times have an offset, the zone of their row, or are UTC', () => {
  const iso = (text: string, zone?: string) => new Date(toInstant(text, zone) ?? 0).toISOString()
  expect(iso('2026-11-28 09:30:00')).toBe('2026-11-28T09:30:00.000Z')
  expect(iso('2026/11/28 09:30:00 -0700')).toBe('2026-11-28T16:30:00.000Z')
  expect(iso('2026-07-01T00:00:00+02:00')).toBe('2026-06-30T22:00:00.000Z')
  expect(iso('2026-07-01 00:30:00', 'CEST')).toBe('2026-06-30T22:30:00.000Z')
  expect(toInstant('')).toBeUndefined()
  for (const text of ['28.11.2026', '2026-02-30', '2026-11-28 25:00']) expect(() => toInstant(text)).toThrow('no time')
  expect(() => toInstant('2026-11-28', 'XYZ')).toThrow('time zone')
})

test('own columns are found by name, in any order, with those that are said', async () => {
  const text = `currency;type;line_id;amount;fee;payment_id;note\nEUR;payment;l-1;26,2;0,79;pay_1;"a;b"\n\nEUR;payout;l-2;-25,41;;;\n`
  const { rows, lines } = await linesOf(ownFormat, `\uFEFF${text}`, { separator: ';', decimal: ',' })
  expect(rows).toBe(3)
  expect(lines).toMatchObject([
    { row: 2, lineId: 'l-1', kind: 'payment', ownRef: 'pay_1', amount: 2620, fee: 79, net: 2541, feeOff: 0 },
    { row: 3, lineId: 'l-2', kind: 'payout', amount: -2541, fee: 0, net: -2541 },
  ])
})

test("Stripe's report: currencies in small letters, categories, and a payout in each line", async () => {
  const { lines } = await linesOf(
    stripeFormat,
    `automatic_payout_id,balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,source_id,charge_id,payment_intent_id,customer_facing_amount,customer_facing_currency
po_1,txn_1,2026-11-20 10:00:00,eur,50.00,1.03,48.97,charge,ch_1,ch_1,pi_1,50.00,eur
po_1,txn_2,2026-11-20 11:00:00,eur,-20.00,0.00,-20.00,partial_capture_reversal,ch_1,ch_1,pi_1,50.00,eur
po_1,txn_3,2026-11-21 10:00:00,eur,-10.00,0.00,-10.00,refund,re_1,ch_1,pi_1,-10.00,eur
po_1,txn_4,2026-11-21 12:00:00,eur,92.50,2.10,90.40,charge,ch_2,ch_2,pi_2,100.00,usd
po_1,txn_5,2026-11-22 00:00:00,eur,-2.00,0.00,-2.00,fee,,,,,
po_1,txn_6,2026-11-22 00:00:00,eur,-5.00,0.00,-5.00,risk_reserved_funds,,,,,
,txn_7,2026-11-23 00:00:00,eur,-102.37,0.00,-102.37,payout,po_1,,,,
`,
  )
  expect(
    lines.map(({ lineId, kind, amount, currency, fee, net }) => [lineId, kind, amount, currency, fee, net]),
  ).toEqual([
    ['txn_1', 'payment', 5000, 'EUR', 103, 4897],
    ['txn_2', 'payment', -2000, 'EUR', 0, -2000],
    ['txn_3', 'refund', -1000, 'EUR', 0, -1000],
    ['txn_4', 'payment', 10_000, 'USD', 210, 9040],
    ['txn_5', 'fee', -200, 'EUR', 0, -200],
    ['txn_6', 'other', -500, 'EUR', 0, -500],
    // The payout has its own id, under which no other report books it again.
    ['po_1', 'payout', -10_237, 'EUR', 0, -10_237],
  ])
  expect(lines.map(({ payout }) => payout)).toEqual(Array(7).fill('po_1'))
  expect(lines[0]).toMatchObject({ paymentRef: 'pi_1', operationRef: undefined, feeOff: 0 })
  expect(lines[2]).toMatchObject({ paymentRef: 'pi_1', operationRef: 're_1' })
})

const adyenHeading =
  'Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,Creation Date,TimeZone,Type,Modification Reference,Gross Currency,Gross Debit (GC),Gross Credit (GC),Exchange Rate,Net Currency,Net Debit (NC),Net Credit (NC),Commission (NC),Markup (NC),Scheme Fees (NC),Interchange (NC),Payment Method Variant,Modification Merchant Reference,Batch Number'

test("Adyen's report: debits and credits, four columns of fees, and lines of the batch", async () => {
  const { lines } = await linesOf(
    adyenFormat,
    `${adyenHeading}
Shop,ShopEU,PSP0000000000001,pay_1,visa,2026-11-20 10:00:00,CET,Settled,MOD0000000000001,EUR,,26.2,1,EUR,,25.69,,0.20,0.10,0.21,visacredit,,4
Shop,ShopEU,PSP0000000000001,pay_1,visa,2026-11-21 10:00:00,CET,Refunded,MOD0000000000002,EUR,10.00,,1,EUR,10.00,,,,,,visacredit,,4
Shop,ShopEU,PSP0000000000003,pay_3,mc,2026-11-21 10:00:00,CET,Chargeback,MOD0000000000003,EUR,9.00,,1,EUR,16.50,,7.50,,,,mccredit,,4
Shop,ShopEU,PSP0000000000003,pay_3,mc,2026-11-22 10:00:00,CET,ChargebackReversed,MOD0000000000003,EUR,"",9,1,EUR,"",8.89,,.11,,,mccredit,pay_3,4
Shop,ShopEU,PSP0000000000004,pay_4,mc,2026-11-21 10:00:00,CET,Settled,MOD0000000000004,USD,,10.00,0.9,EUR,,8.70,0.30,,,,mccredit,,4
Shop,ShopEU,,,,2026-11-22 10:00:00,CET,Fee,Transaction Fees November 2026,,,,,EUR,1.00,,,,,,,,4
Shop,ShopEU,,,,2026-11-22 10:00:00,CET,DepositCorrection,,,,,,EUR,2.00,,,,,,,,4
Shop,ShopEU,,,,2026-11-22 10:00:00,CET,MerchantPayout,"TX1 batch 4, ShopEU",,,,,EUR,13.78,,,,,,,,4
`,
  )
  expect(
    lines.map(({ kind, amount, currency, fee, net, feeOff }) => [kind, amount, currency, fee, net, feeOff]),
  ).toEqual([
    ['payment', 2620, 'EUR', 51, 2569, 0],
    ['refund', -1000, 'EUR', 0, -1000, 0],
    ['dispute', -900, 'EUR', 750, -1650, 0],
    ['dispute', 900, 'EUR', 11, 889, 0],
    ['payment', 1000, 'USD', 30, 870, 0],
    ['fee', -100, 'EUR', 0, -100, 0],
    ['other', -200, 'EUR', 0, -200, 0],
    ['payout', -1378, 'EUR', 0, -1378, 0],
  ])
  expect(lines.reduce((sum, { net }) => sum + net, 0)).toBe(0)
  expect(lines[0]).toMatchObject({
    paymentRef: 'PSP0000000000001',
    operationRef: 'MOD0000000000001',
    payout: 'ShopEU:4',
  })
  expect(lines[0]?.occurredAtMs).toBe(Date.UTC(2026, 10, 20, 9))
})

const paypal = (body: string) => `"RH",2026/11/21 02:44:19 -0800,"A","SHOPACCOUNT01",009,
"FH",01
"SH",2026/11/20 00:00:00 -0800,2026/11/20 23:59:59 -0800,"SHOPACCOUNT01",""
"CH","Transaction ID","Invoice ID","PayPal Reference ID","PayPal Reference ID Type","Transaction Event Code","Transaction Initiation Date","Transaction Completion Date","Transaction  Debit or Credit","Gross Transaction Amount","Gross Transaction Currency","Fee Debit or Credit","Fee Amount","Fee Currency","Custom Field","Consumer ID","Payment Tracking ID","Store ID","Bank Reference ID","Credit Transactional Fee","Credit Promotional Fee","Credit Term"
${body}
"SF","EUR",2620,2519,20,121,"CR",0,"CR",0,"CR",0,"CR",0,"CR",0,"CR",0,3
"SF","JPY",90000,0,0,4000,"CR",0,"CR",86000,"CR",0,"CR",86000,"CR",0,"CR",0,1
"SC",4
"RF","EUR",2620,2519,20,121,"CR",0,"CR",0,"CR",0,"CR",0,"CR",0,"CR",0,3
"RF","JPY",90000,0,0,4000,"CR",0,"CR",86000,"CR",0,"CR",86000,"CR",0,"CR",0,1
"RC",4
"FF",4
`

test("PayPal's report: kinds of rows, amounts without sign and separator, and codes of events", async () => {
  const at = '2026/11/20 10:00:00 -0800,2026/11/20 10:00:01 -0800'
  const { lines } = await linesOf(
    paypalFormat,
    paypal(
      [
        `"SB","TXN1","","","","T0006",${at},"CR",2620,"EUR","DR",121,"EUR","pay_1","","","","",,,`,
        `"SB",TXN2,,TXN1,"TXN",T1107,${at},DR,1000,"EUR",CR,20,"EUR","","","","","",,,`,
        `"SB","TXN3","","","","T0006",${at},"CR",90000,"JPY","DR",4000,"JPY","pay_3","","","","",,,`,
        `"SB","TXN4","","","","T0400",${at},"DR",1519,"EUR","",,"","","","","","",,,`,
      ].join('\n'),
    ),
  )
  expect(lines.map(({ kind, amount, currency, fee, net }) => [kind, amount, currency, fee, net])).toEqual([
    ['payment', 2620, 'EUR', 121, 2499],
    ['refund', -1000, 'EUR', -20, -980],
    ['payment', 900, 'JPY', 40, 860],
    ['payout', -1519, 'EUR', 0, -1519],
  ])
  expect(lines[0]).toMatchObject({ row: 5, paymentRef: 'TXN1', ownRef: 'pay_1', lineId: 'TXN1:T0006' })
  expect(lines[1]).toMatchObject({ paymentRef: 'TXN1', operationRef: 'TXN2' })
})

test('a file that is not what it must be is refused, with the number of the row', async () => {
  const own = (rows: string) => `line_id,type,amount,currency,provider_ref\n${rows}`
  expect(await refusalOf(ownFormat, '')).toContain('the file is empty')
  const latin = Buffer.from(own('a,payment,1.00,EUR,M\xfcnchen\n'), 'latin1')
  const why = 'SettlementFileError: row 1: the text is not UTF-8, on this line or behind it'
  expect(await refusalOf(ownFormat, latin)).toBe(why)
  expect(await refusalOf(ownFormat, 'line_id;type;amount;currency\n')).toContain('row 1: there is no column line_id')
  expect(await refusalOf(ownFormat, 'line_id,type,amount,currency,amount\n')).toContain('amount is there twice')
  expect(await refusalOf(ownFormat, own('a,payment,1.00,EUR,x\nb,payment,1.001,EUR,y\n'))).toContain(
    'row 3: "1.001" has more decimals than EUR, which has 2',
  )
  expect(await refusalOf(ownFormat, own('a,sale,1.00,EUR,x\n'))).toContain('row 2: the type "sale" is not known')
  expect(await refusalOf(ownFormat, own('a,payment,1.00,EUR,x,y,z\n'))).toContain('SettlementFileError: row 2')
  expect(await refusalOf(ownFormat, own('a,payment,"1.00,EUR,x\n'))).toContain('SettlementFileError: row 2')
  expect(await refusalOf(ownFormat, own(`a,payment,"${'1'.repeat(200_000)}`))).toContain('SettlementFileError: row 2')
  expect(await refusalOf(ownFormat, own(',payment,1.00,EUR,x\n'))).toContain('row 2: the line has no id')
  expect(await refusalOf(ownFormat, own(`${'a'.repeat(201)},payment,1.00,EUR,x\n`))).toContain('row 2: an id has more')
  expect(await refusalOf(paypalFormat, paypal('"XX",1'))).toContain('row 5: the type of row "XX" is not known')
  expect(await refusalOf(paypalFormat, '"SB","TXN1"\n')).toContain('before the row CH')
  const [signed, decimal, part] = ['-26,"EUR"', '26.20,"EUR"', '90050,"JPY"'].map(money =>
    paypal(`"SB","T","","","","T0006",,,"CR",${money},"",,"","","","","","",,,`),
  )
  expect(await refusalOf(paypalFormat, signed ?? '')).toContain('row 5: "-26" is no amount without sign')
  expect(await refusalOf(paypalFormat, decimal ?? '')).toContain('row 5: "26.20" is no amount without sign')
  expect(await refusalOf(paypalFormat, part ?? '')).toContain('row 5: "90050" hundredths are no amount of JPY')
})

test('a line that names no payment is not compared', async () => {
  const { lines } = await linesOf(ownFormat, 'line_id,type,amount,currency\na,payment,1.00,EUR\n')
  expect(lines).toMatchObject([{ kind: 'other' }])
})
