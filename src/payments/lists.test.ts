import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { nextOf } from '../../test/links.ts'
import { rowsRead } from '../../test/rows-read.ts'
import { listIssues } from './issue-read-queries.ts'
import { listPayments, type PaymentFilter } from './read-queries.ts'
import { walkedMax } from '../platform/walked-page.ts'

/** Lists by what few payments are: what a page looks at is bounded, and the pages together have everything. */

setDefaultTimeout(60_000)
const count = 45_000
let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
  const [time, rest] = ["'2026-01-01T00:00:00Z'::timestamptz + n * interval '1 s'", `generate_series(1, ${count}) n`]
  await t.pool.query(
    `insert into payments (order_uid, payment_id, provider, currency, amount, capture, state, version, created_at, updated_at)
     select 'o' || n, 'pay_' || n, case when n = 7 or n % 15000 = 0 then 'manual' else 'stripe' end, 'USD', 100, 'automatic',
            case n when 3 then 'requires_action' when 4 then 'failed' when 5 then 'failed' else 'captured' end, 1, ${time}, now()
       from ${rest}`,
  )
  await t.pool.query(
    `insert into payment_issues (issue_id, kind, subject, order_uid, payment_id, provider, detail, state, version, opened_at,
                                 resolved_at, action, reason, actor)
     select 'iss_' || n, case when n = 9 then 'dispute' else 'unknown_outcome' end, 's' || n, 'o' || n, 'pay_' || n, 'stripe', '',
            case when n < 10 then 'open' else 'resolved' end, 1, ${time}, r.at, r.text, r.text, r.text
       from ${rest}
       left join lateral (select now() as at, 'settled' as text where n >= 10) r on true`,
  )
  await t.pool.query('analyze payments')
  await t.pool.query('analyze payment_issues')
})
afterAll(() => t.close())

const everything: PaymentFilter = {
  states: undefined,
  provider: undefined,
  orderUids: undefined,
  issue: undefined,
  fromMs: undefined,
  toMs: undefined,
}

/** Reads every page. @returns the ids, and the number of pages */
async function readAll(path: string): Promise<[ids: string[], pages: number]> {
  const ids: string[] = []
  let pages = 0
  for (let next: string | undefined = path; next !== undefined; pages += 1) {
    const response = await t.call('GET', next)
    ids.push(...((await response.json()) as { id: string }[]).map(({ id }) => id))
    next = nextOf(next, response)
  }
  return [ids, pages]
}

describe('the pages together have everything', () => {
  test.each([
    ['/api/payments?state=failed,requires_action', ['pay_5', 'pay_4', 'pay_3'], 1],
    ['/api/payments?state=failed,failed&limit=1', ['pay_5', 'pay_4'], 2],
    ['/api/payments?state=failed&provider=manual', [], 1],
    // 20,000, 40,000, and the rest.
    ['/api/payments?provider=manual', ['pay_45000', 'pay_30000', 'pay_15000', 'pay_7'], 3],
    ['/api/payments?provider=manual&state=captured&to=2026-01-01T02:00:00Z', ['pay_7'], 1],
    ['/api/payments?issue=dispute', ['pay_9'], 1],
    [
      '/api/payments?issue=unknown_outcome&state=failed,captured&limit=5',
      [8, 7, 6, 5, 4, 2, 1].map(n => `pay_${n}`),
      2,
    ],
    ['/api/payment-issues?state=open&limit=4', [9, 8, 7, 6, 5, 4, 3, 2, 1].map(n => `iss_${n}`), 3],
    ['/api/payment-issues?kind=dispute', ['iss_9'], 3],
  ])('%s', async (path, ids, pages) => {
    expect(await readAll(path)).toEqual([ids, pages])
  })
})

describe('a page looks at a bounded number of rows', () => {
  test.each<[string, Partial<PaymentFilter>, number]>([
    ['the newest', {}, 250],
    ['a state that hardly any payment is in', { states: ['failed'] }, 20],
    ['a state that none is in, of a provider', { states: ['voided'], provider: 'manual' }, 20],
    ['an issue that one has', { issue: 'dispute' }, 100],
    ['a provider that hardly any has', { provider: 'manual' }, walkedMax + 100],
    ['captured payments of a provider that has none', { states: ['captured'], provider: 'none' }, walkedMax + 100],
  ])('%s', async (_, filter, most) => {
    const read = await rowsRead(t.pool, 'payments', pool =>
      listPayments(pool, { ...everything, ...filter }, undefined, 100),
    )
    expect(read).toBeLessThan(most)
  })

  test('resolved issues of a kind', async () => {
    const filter = { state: 'resolved', kinds: ['dispute'], provider: undefined, orderUid: undefined } as const
    const read = await rowsRead(t.pool, 'payment_issues', pool => listIssues(pool, filter, undefined, 100))
    expect(read).toBeLessThan(walkedMax + 100)
  })
})

describe('when thousands of payments have an open issue', () => {
  beforeAll(async () => {
    await t.pool.query(
      `update payment_issues set state = 'open', resolved_at = null, action = null, reason = null, actor = null
        where order_uid in (select 'o' || n from generate_series(38001, 44000) n)`,
    )
    await t.pool.query('analyze payment_issues')
  })
  const newest = Array.from({ length: 6_000 }, (_, index) => 44_000 - index)

  test('the pages together have all of them', async () => {
    const payments = [...newest, 8, 7, 6, 5, 4, 3, 2, 1].map(n => `pay_${n}`)
    expect(await readAll('/api/payments?issue=unknown_outcome&limit=1000')).toEqual([payments, 7])
    const issues = [...newest, 9, 8, 7, 6, 5, 4, 3, 2, 1].map(n => `iss_${n}`)
    expect(await readAll('/api/payment-issues?state=open&limit=1000')).toEqual([issues, 7])
  })

  test('a page looks at a bounded number of payments and of issues', async () => {
    const filter = { ...everything, issue: 'unknown_outcome' } as const
    expect(await rowsRead(t.pool, 'payments', pool => listPayments(pool, filter, undefined, 100))).toBeLessThan(1_500)
    const open = { state: 'open', kinds: undefined, provider: undefined, orderUid: undefined } as const
    expect(await rowsRead(t.pool, 'payment_issues', pool => listIssues(pool, open, undefined, 100))).toBeLessThan(500)
  })
})
