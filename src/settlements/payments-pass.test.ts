import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createPaymentApp } from '../../test/payments.ts'
import { ownRow, settlementFiles } from '../../test/settlements.ts'
import type { PaymentView } from '../payments/views.ts'

/** Of a large file all payments are read once, and of a small one each is looked up: the results are the same. */

setDefaultTimeout(60_000)

let t: Awaited<ReturnType<typeof createPaymentApp>>
let files: ReturnType<typeof settlementFiles>

beforeAll(async () => {
  t = await createPaymentApp()
  files = settlementFiles(t.address)
})
afterAll(async () => {
  files.remove()
  await t.close()
})

type Paid = PaymentView & { ref: string }

async function paid(refunded = 0): Promise<Paid> {
  const { id } = await t.pay((await t.place()).uid)
  if (refunded > 0) await t.ask(`/api/payments/${id}/refunds`, { amount: refunded })
  const payment = await t.read<PaymentView>(`/api/payments/${id}`)
  return { ...payment, ref: payment.provider_ref ?? '' }
}

/** Lines of each outcome. The later ones are about payments that earlier ones name. */
async function linesOfAll(): Promise<{ earlier: string[]; later: string[] }> {
  const [byRef, byId, byBoth, less] = [await paid(), await paid(), await paid(), await paid()]
  const [foreign, fee, twice, parts, refunded] = [
    await paid(),
    await paid(),
    await paid(),
    await paid(),
    await paid(40),
  ]
  const row = (id: string, { amount, currency, ref }: Paid, change: Parameters<typeof ownRow>[3] = {}) =>
    ownRow(id, amount, 5, { ref, currency, payout: 'po', ...change })
  const earlier = [
    row('ref', byRef),
    row('id', byId, { ref: '', payment: byId.id }),
    row('both', byBoth, { payment: byBoth.id }),
    row('less', { ...less, amount: less.amount - 1 }),
    row('foreign', { ...foreign, currency: foreign.currency === 'EUR' ? 'USD' : 'EUR' }),
    row('fee', fee, { net: '0.01' }),
    row('twice', twice),
    row('parts-ref', parts),
    row('refunded', refunded),
    ownRow('refund', -40, 0, { type: 'refund', ref: refunded.ref, currency: refunded.currency, payout: 'po' }),
    ownRow('unknown', 100, 0, { ref: 'of another shop' }),
  ]
  return { earlier, later: [row('twice', twice), row('parts-id', parts, { ref: '', payment: parts.id })] }
}

test('a file that is longer than all payments comes to the same as a short one', async () => {
  const absent = await paid()
  const period = { fromMs: Date.now() - 3_600_000, toMs: Date.now() + 3_600_000, isDryRun: true }
  const { earlier, later } = await linesOfAll()
  const between = Array.from({ length: 12_000 }, (_, index) => ownRow(`other-${index}`, 1, 0, { type: 'other' }))
  const short = await files.run([...earlier, ...later], period)
  expect(short.counts).toEqual({
    ...{ matched: 6, missing_here: 1, missing_there: 1, fee_differs: 1, currency_differs: 1, duplicate: 1 },
    // One is less than it should be; two lines of a payment, named in two ways, come to twice as much.
    amount_differs: 3,
  })
  expect(short.listed.find(({ result }) => result === 'missing_there')).toMatchObject({ payment_id: absent.id })
  const long = await files.run([...earlier, ...between, ...later], period)
  expect(long.lines).toBe(short.lines + between.length)
  expect(long.counts).toEqual(short.counts)
  expect(long.payouts).toEqual(short.payouts)
  const withoutRows = ({ listed }: typeof short) => listed.map(({ row: _, ...line }) => JSON.stringify(line)).toSorted()
  expect(withoutRows(long)).toEqual(withoutRows(short))
})
