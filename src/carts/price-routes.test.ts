import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { nextOf } from '../../test/links.ts'
import { PriceLists } from './price-lists.ts'

let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
})

afterAll(() => t.close())

type Json = Record<string, unknown> & { code?: string; errors?: { pointer: string; detail: string }[] }

async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; json: Json }> {
  const response = await t.call(method, `/api/${path}`, { body })
  const text = await response.text()
  return { status: response.status, json: text === '' ? {} : JSON.parse(text) }
}

const pointersOf = ({ errors = [] }: Json) => [...new Set(errors.map(({ pointer }) => pointer))].toSorted()

describe('a discount code', () => {
  const body = { kind: 'percent', percent: 10 }

  test('is made, read in any case, replaced and ended; its uses stay', async () => {
    const made = await ask('PUT', 'discounts/Summer', { ...body, limit: 5, starts_at: '2026-06-01T02:00:00+02:00' })
    expect(made).toMatchObject({
      status: 201,
      json: { code: 'Summer', percent: 10, limit: 5, starts_at: '2026-06-01T00:00:00.000Z', uses: 0, active: true },
    })
    expect((await ask('GET', 'discounts/sUMMER')).json).toEqual(made.json)
    await t.pool.query("update discounts set uses = 3 where code_key = 'summer'")
    const low = await ask('PUT', 'discounts/SUMMER', { ...body, limit: 2 })
    expect([low.status, pointersOf(low.json)]).toEqual([400, ['/limit']])
    const changed = await ask('PUT', 'discounts/SUMMER', { kind: 'fixed', amounts: { EUR: 500 }, limit: 3 })
    expect(changed).toMatchObject({ status: 200, json: { code: 'SUMMER', kind: 'fixed', percent: null, uses: 3 } })
    expect(changed.json.created_at).toBe(made.json.created_at ?? '')
    for (const _ of [1, 2]) expect((await ask('DELETE', 'discounts/summer')).status).toBe(204)
    expect((await ask('GET', 'discounts/summer')).json).toMatchObject({ active: false, uses: 3 })
    await t.pool.query("update discounts set uses = 0 where code_key = 'summer'")
  })

  test('is listed with others page by page, by whether it is active', async () => {
    for (const code of ['list-b', 'LIST-A', 'list-c']) await ask('PUT', `discounts/${code}`, body)
    await ask('DELETE', 'discounts/list-b')
    const seen: unknown[] = []
    let path: string | undefined = '/api/discounts?limit=1&active=true'
    while (path !== undefined) {
      const page = await t.call('GET', path)
      seen.push(...((await page.json()) as Json[]).map(({ code }) => code))
      path = nextOf(path, page)
    }
    expect(seen.filter(code => /^list/i.test(String(code)))).toEqual(['LIST-A', 'list-c'])
  })

  const cases: [string[], unknown][] = [
    [[''], '{'],
    [['/kind'], {}],
    [['/kind', '/limit', '/extra'], { kind: 'half', limit: 0, extra: 1 }],
    [['/percent'], { kind: 'percent' }],
    [['/amounts', '/percent'], { kind: 'fixed', percent: 5 }],
    [['/amounts', '/percent'], { kind: 'free_delivery', percent: 5, amounts: { USD: 1 } }],
    [['/percent'], { kind: 'percent', percent: 101 }],
    [['/percent'], { kind: 'percent', percent: 0 }],
    [['/percent'], { kind: 'percent', percent: 12.5 }],
    [['/amounts'], { kind: 'fixed', amounts: {} }],
    [['/amounts/USD', '/amounts/XXX', '/amounts/usd'], { kind: 'fixed', amounts: { USD: 0, XXX: 5, usd: 5 } }],
    [['/amounts/USD'], { kind: 'fixed', amounts: { USD: -1 } }],
    [['/amounts/BGN'], { kind: 'fixed', amounts: { BGN: 5 } }],
    [['/amounts/EUR', '/amounts/USD'], { kind: 'fixed', amounts: { USD: 1.5, EUR: '5' } }],
    [['/amounts/USD'], `{"kind":"fixed","amounts":{"USD":9007199254740992}}`],
    [['/amounts/USD'], `{"kind":"fixed","amounts":{"USD":1,"USD":2}}`],
    [['/minimums'], { ...body, minimums: {} }],
    [['/ends_at', '/starts_at'], { ...body, starts_at: '2026-02-30T00:00:00Z', ends_at: 'tomorrow' }],
    [['/ends_at'], { ...body, starts_at: '2026-06-01T00:00:00Z', ends_at: '2026-06-01T02:00:00+02:00' }],
    [['/active'], { ...body, active: 'yes' }],
    [['/limit_per_customer'], { ...body, limit_per_customer: -1 }],
    [['/percent'], { kind: 'percent', percent: null }],
  ]
  test.each(cases)('is refused at %j: %j', async (pointers, refused) => {
    const { status, json } = await ask('PUT', 'discounts/BAD', refused)
    expect([status, pointersOf(json)]).toEqual([400, pointers.toSorted()])
  })

  test('of another form is refused beside what else is wrong, and is not there', async () => {
    for (const code of ['a b', 'ü', 'x'.repeat(65), 'a%00']) {
      const path = `discounts/${encodeURIComponent(code)}`
      expect(pointersOf((await ask('PUT', path, { kind: 'percent' })).json)).toEqual(['/code', '/percent'])
      for (const method of ['GET', 'DELETE']) {
        expect(await ask(method, path)).toMatchObject({ status: 404, json: { code: 'DISCOUNT_NOT_FOUND' } })
      }
    }
    expect((await ask('GET', 'discounts?cursor=%00')).status).toBe(400)
    expect(pointersOf((await ask('GET', 'discounts?limit=0&active=1&x=1')).json)).toEqual(['/active', '/limit', '/x'])
  })
})

describe('a delivery method', () => {
  const body = { name: 'Post', prices: { EUR: 500, USD: 600 } }

  test('is made, replaced and ended; the public list has those that are active, by country and currency', async () => {
    const post = await ask('PUT', 'delivery-methods/post', { ...body, countries: ['DE', 'FR'], tax_class: 'standard' })
    const shown = { method: 'post', name: 'Post', prices: { EUR: 500, USD: 600 }, free_from: null, active: true }
    expect(post).toMatchObject({ status: 201, json: { ...shown, countries: ['DE', 'FR'], tax_class: 'standard' } })
    await ask('PUT', 'delivery-methods/bike', { name: 'Bike', prices: { EUR: 0 }, free_from: { EUR: 5000 } })
    await ask('PUT', 'delivery-methods/old', body)
    expect((await ask('DELETE', 'delivery-methods/old')).status).toBe(204)
    const listed = async (query: string) =>
      ((await ask('GET', `delivery-methods${query}`)).json as unknown as Json[]).map(({ method }) => method)
    expect(await listed('')).toEqual(['bike', 'post'])
    expect(await listed('?country=US')).toEqual(['bike'])
    expect(await listed('?currency=USD&country=FR')).toEqual(['post'])
    expect(await listed('?all=true')).toEqual(['bike', 'old', 'post'])
    expect(await listed('?limit=1&cursor=bike')).toEqual(['post'])
    expect((await ask('GET', 'delivery-methods/post')).json).toEqual(post.json)
    expect((await ask('PUT', 'delivery-methods/post', body)).status).toBe(200)
    expect((await ask('GET', 'delivery-methods/post')).json).toMatchObject({ countries: [], tax_class: null })
    expect((await ask('GET', 'delivery-methods/none')).json).toMatchObject({ code: 'DELIVERY_METHOD_NOT_FOUND' })
  })

  const cases: [string[], unknown][] = [
    [['/name', '/prices'], {}],
    [['/prices'], { ...body, prices: {} }],
    [['/prices/EUR'], { ...body, prices: { EUR: 0.5 } }],
    [['/free_from/ABC'], { ...body, free_from: { ABC: 1 } }],
    [['/countries/1', '/countries/2'], { ...body, countries: ['DE', 'UK', 'de'] }],
    [['/countries'], { ...body, countries: ['DE', 'DE'] }],
    [['/countries'], { ...body, countries: 'DE' }],
    [['/name'], { ...body, name: 'a\0b' }],
    [['/tax_class'], { ...body, tax_class: 'a b' }],
  ]
  test.each(cases)('is refused at %j: %j', async (pointers, refused) => {
    const { status, json } = await ask('PUT', 'delivery-methods/bad', refused)
    expect([status, pointersOf(json)]).toEqual([400, pointers])
  })
})

describe('a tax rate', () => {
  const body = { country: 'CA', name: 'GST', rate_ppm: 50_000 }

  test('is made, replaced, listed by country and removed; one is for a place and class', async () => {
    const gst = await ask('PUT', 'tax-rates/gst', body)
    const preset = { region: '', tax_class: 'standard', inclusive: false }
    expect(gst).toMatchObject({ status: 201, json: { id: 'gst', ...body, ...preset } })
    const quebec = { ...body, region: ' Québec ', name: 'QST', rate_ppm: 149_750 }
    expect((await ask('PUT', 'tax-rates/qst', quebec)).json).toMatchObject({ region: 'Québec', rate_ppm: 149_750 })
    const other = await ask('PUT', 'tax-rates/other', { ...quebec, region: 'QUÉBEC' })
    expect(other).toMatchObject({ status: 409, json: { code: 'TAX_RATE_CONFLICT' } })
    await ask('PUT', 'tax-rates/vat', { country: 'DE', name: 'USt', rate_ppm: 190_000, inclusive: true })
    const listed = async (query: string) =>
      ((await ask('GET', `tax-rates${query}`)).json as unknown as Json[]).map(({ id }) => id)
    expect(await listed('')).toEqual(['gst', 'qst', 'vat'])
    expect(await listed('?country=CA')).toEqual(['gst', 'qst'])
    expect((await ask('PUT', 'tax-rates/gst', { ...body, rate_ppm: 0 })).status).toBe(200)
    expect((await ask('GET', 'tax-rates/gst')).json).toMatchObject({ rate_ppm: 0 })
    expect((await ask('DELETE', 'tax-rates/vat')).status).toBe(204)
    for (const method of ['GET', 'DELETE']) {
      expect(await ask(method, 'tax-rates/vat')).toMatchObject({ status: 404, json: { code: 'TAX_RATE_NOT_FOUND' } })
    }
  })

  const cases: [string[], unknown][] = [
    [['/country', '/name', '/rate_ppm'], {}],
    [['/country'], { ...body, country: 'UK' }],
    [['/country'], { ...body, country: 'Canada' }],
    [['/rate_ppm'], { ...body, rate_ppm: 1_000_001 }],
    [['/rate_ppm'], { ...body, rate_ppm: 0.19 }],
    [['/rate_ppm'], { ...body, rate_ppm: -1 }],
    [['/inclusive', '/region'], { ...body, inclusive: 1, region: null }],
  ]
  test.each(cases)('is refused at %j: %j', async (pointers, refused) => {
    const { status, json } = await ask('PUT', 'tax-rates/bad', refused)
    expect([status, pointersOf(json)]).toEqual([400, pointers])
  })
})

test('prices are set with carts:write; methods are listed without a key, but for those that are not active', async () => {
  const guarded = await createTestApp({ isLocal: false })
  try {
    const ask = async (path: string) => (await guarded.call('GET', `/api/${path}`)).status
    const statuses = await Promise.all(
      ['delivery-methods', 'delivery-methods?all=true', 'tax-rates', 'discounts'].map(ask),
    )
    expect(statuses).toEqual([200, 401, 401, 401])
    expect((await guarded.call('PUT', '/api/delivery-methods/post', { body: {} })).status).toBe(401)
  } finally {
    await guarded.close()
  }
})

test('methods and rates are read from memory until a change is heard of, and each time while none can be', async () => {
  let isInStep = true
  const lists = new PriceLists(t.pool, () => isInStep)
  await lists.current()
  await t.pool.query("update tax_rates set name = 'Changed' where rate_id = 'gst'")
  const nameOf = async () => (await lists.current()).rates.get('gst')?.name
  expect(await nameOf()).toBe('GST')
  lists.noteChange()
  expect(await nameOf()).toBe('Changed')
  isInStep = false
  await t.pool.query("update tax_rates set name = 'GST' where rate_id = 'gst'")
  expect(await nameOf()).toBe('GST')
})
