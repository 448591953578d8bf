import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { reconcileRows } from '../../test/filled-settlements.ts'
import { brokenRules } from '../../test/invariants.ts'
import { createPaymentApp } from '../../test/payments.ts'
import { collectDifferences } from './differences.ts'
import type { ComparedLine } from './compared-line.ts'

setDefaultTimeout(60_000)

let t: Awaited<ReturnType<typeof createPaymentApp>>

beforeAll(async () => {
  t = await createPaymentApp()
})
afterEach(async () => expect(await brokenRules(t.pool)).toEqual([]))
afterAll(() => t.close())

type Report = { id: string; outcomes: Record<string, number> } & Record<string, unknown>
type Line = { number: number; outcome: string; row: number | null; reference: string | null }

const listed = () => t.read<Report[]>('/api/reconciliations')
const unknown = (id: string) => `${id},payment,ref-${id},,,5.00,0.10,,USD,po-1,2026-11-28T09:30:00Z`

test('a run keeps a report; a second run of the file changes nothing, and one after a payment has changed is another report', async () => {
  const { uid } = await t.place(false, { currency: 'USD', amount: 500 })
  const { id } = await t.pay(uid, { capture: 'manual' })
  const rows = [
    `a-1,payment,,${id},,5.00,0.30,,USD,po-1,2026-11-28T09:30:00Z`,
    unknown('a-2'),
    'a-3,payout,,,,-9.00,0,,USD,po-1,',
  ]
  await reconcileRows(t.address, rows, { isDryRun: true })
  expect(await listed()).toEqual([])
  const first = await reconcileRows(t.address, rows)
  const [report] = await listed()
  expect(report).toMatchObject({
    ...{ id: first.report?.id, provider: 'sandbox', file_name: 'settlements.csv', format: 'own', actor: 'ada' },
    ...{ from: '2026-11-28T09:30:00.000Z', to: '2026-11-28T09:30:00.000Z', lines: 3, other_lines: 1, matched: false },
    outcomes: { matched: 0, missing_here: 1, amount_differs: 1, duplicate: 0 },
    totals: [{ currency: 'USD', payments: 1000, refunds: 0, disputes: 0, fees: 40, payouts: 900 }],
    ...{ payouts_total: 1, payouts_wrong: 1, booked_fees: 2, booked_payouts: 1, lines_left_out: 0 },
  })
  expect(report?.file_sha256).toMatch(/^[0-9a-f]{64}$/)
  expect(await t.read<Report>(`/api/reconciliations/${report?.id}`)).toMatchObject({
    wrong_payouts: [{ payout: 'po-1', lines: 2, lines_net: 960, payout_net: -900, off: 60, booked_otherwise: false }],
  })

  const again = await reconcileRows(t.address, rows)
  expect(again).toMatchObject({ report: { id: report?.id, isNew: false }, booked: { fees: 0, payouts: 0 } })
  expect(await listed()).toEqual(report === undefined ? [] : [report])

  await t.ask(`/api/payments/${id}/capture`, {})
  const after = await reconcileRows(t.address, rows)
  expect(after.report?.isNew).toBe(true)
  const [newest, oldest] = await listed()
  expect(newest?.outcomes).toMatchObject({ matched: 1, amount_differs: 0, missing_here: 1 })
  expect(oldest).toEqual(report as Report)
})

test('two runs at the same time keep one report', async () => {
  const [one, two] = await Promise.all([1, 2].map(() => reconcileRows(t.address, [unknown('b-1')])))
  expect(one?.report?.id).toBe(two?.report?.id as string)
  expect([one, two].filter(run => run?.report?.isNew)).toHaveLength(1)
})

test('lines are listed by row and outcome, page by page, as NDJSON and as CSV, which a spreadsheet takes for text', async () => {
  const rows = [unknown('c-1'), unknown('c-2'), unknown('c-2'), unknown('c-3').replace('ref-c-3', '"=cmd(),""x"""')]
  const { report } = await reconcileRows(t.address, rows)
  const path = `/api/reconciliations/${report?.id}/lines`
  const shown = (lines: readonly Line[]) => lines.map(({ number, outcome, row }) => `${number} ${outcome} ${row}`)
  const all = ['1 missing_here 2', '2 missing_here 3', '3 duplicate 4', '4 missing_here 5']
  expect(shown(await t.read(path))).toEqual(all)
  expect(shown(await t.read(`${path}?outcome=duplicate,fee_differs`))).toEqual(['3 duplicate 4'])
  const page = await t.call('GET', `${path}?limit=3`)
  expect(shown((await page.json()) as Line[])).toEqual(all.slice(0, 3))
  const [, next = ''] = /<lines(\?[^>]+)>/.exec(page.headers.get('link') ?? '') ?? []
  expect(shown(await t.read(path + next))).toEqual(all.slice(3))

  const lines = await t.call('GET', path, { headers: { accept: 'application/x-ndjson' } })
  const parsed = (await lines.text())
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(shown(parsed.slice(0, -1))).toEqual(all)
  expect(parsed.at(-1)).toEqual({ complete: true, count: 4 })
  const csv = await t.call('GET', `${path}?outcome=missing_here`, { headers: { accept: 'text/csv' } })
  expect(csv.headers.get('content-type')).toStartWith('text/csv')
  expect(csv.headers.get('content-disposition')).toBe(`attachment; filename="reconciliation-${report?.id}.csv"`)
  const [heading, ...body] = (await csv.text()).split('\r\n')
  expect(heading).toStartWith('outcome,row,line_id,kind,order_uid,payment_id,reference,currency,amount')
  expect(body).toHaveLength(4)
  expect(body[2]).toBe(`missing_here,5,c-3,payment,,,"'=cmd(),""x""",USD,5.00,USD,0.10,,`)
})

test('a wrong filter, cursor and id are refused', async () => {
  const { report } = await reconcileRows(t.address, [unknown('d-1')])
  const codeOf = async (path: string) => (await t.read<{ code: string }>(path)).code
  const lines = `/api/reconciliations/${report?.id}/lines`
  for (const query of ['outcome=matched', 'outcome=lost', 'cursor=x', 'limit=0', 'other=1']) {
    expect([query, await codeOf(`${lines}?${query}`)]).toEqual([query, 'REQUEST_INVALID'])
  }
  expect(await codeOf('/api/reconciliations?cursor=x')).toBe('REQUEST_INVALID')
  for (const path of ['/rec_none', '/%00', '/rec_none/lines']) {
    expect([path, await codeOf(`/api/reconciliations${path}`)]).toEqual([path, 'RECONCILIATION_NOT_FOUND'])
  }
})

test('differences are kept up to a limit and counted beyond it, and their digest does not depend on their order', () => {
  const line = (row: number | null, payment: string) =>
    ({ result: row === null ? 'missing_there' : 'missing_here', row, payment_id: payment }) as ComparedLine
  const lines = [line(9, 'x'), line(null, 'b'), line(2, 'y'), line(null, 'a')]
  const collect = (given: readonly ComparedLine[], max?: number) => {
    const collected = collectDifferences(max)
    collected.add(given)
    return collected.end()
  }
  const all = collect([...lines, { ...line(1, 'z'), result: 'matched' }])
  expect(all.kept.map(({ row, payment_id }) => `${row} ${payment_id}`)).toEqual(['2 y', '9 x', 'null a', 'null b'])
  expect(collect(lines, 3)).toMatchObject({ leftOut: 1, digest: all.digest })
  expect(collect(lines.toReversed()).digest).toBe(all.digest)
  expect(collect(lines.slice(1)).digest).not.toBe(all.digest)
})
