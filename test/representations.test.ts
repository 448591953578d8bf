import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { exampleOrder } from '../src/orders/example.ts'
import { createTestApp, type TestApp } from './app.ts'

/** What caches, proxies and clients go by: Accept, Vary, Cache-Control, and compression. */

const decompress = {
  gzip: gunzipSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
} as const

let t: TestApp
const small = exampleOrder('small', Date.now(), Math.random)
const large = { ...exampleOrder('large', Date.now(), Math.random), note: 'Überlänge '.repeat(500) }

beforeAll(async () => {
  t = await createTestApp()
  for (const body of [small, large]) expect((await t.call('POST', '/api/orders', { body })).status).toBe(201)
})
afterAll(() => t.close())

const get = (path: string, headers: Record<string, string> = {}) => t.call('GET', path, { headers })
const varyOf = ({ headers }: Response) => (headers.get('vary') ?? '').split(', ').filter(Boolean).sort()

describe('Accept decides', () => {
  const ndjson = 'application/x-ndjson'
  const json = 'application/json'
  const stream = 'text/event-stream'

  test.each([
    ['/api/orders', ndjson],
    ['/api/events', stream],
    ['/api/orders/small/events', stream],
  ])('at %s between JSON and %s, weights and all', async (path, other) => {
    const answers: [string, string | number][] = [
      ['*/*', json],
      [other, other],
      [`${other};q=0`, 406],
      [`${other};q=0, */*`, json],
      [`${other};q=0.1, ${json};q=0.2`, json],
      [`${other}, */*;q=0.1`, other],
      [`${json};q=0, */*`, other],
      ['text/html', 406],
      [`x${other}`, 406],
    ]
    for (const [accept, expected] of answers) {
      const response = await get(path, { accept })
      const found = response.status === 200 ? response.headers.get('content-type') : response.status
      expect([accept, found]).toEqual([accept, expected])
      if (response.status === 200) {
        expect(varyOf(response)).toContain('accept')
        await response.body?.cancel()
      } else {
        const detail = expect.stringContaining(other)
        expect(await response.json()).toMatchObject({ code: 'NOT_ACCEPTABLE', detail })
      }
    }
  })

  test('nothing where there is one form', async () => {
    expect((await get('/api/orders/small', { accept: 'text/html' })).status).toBe(200)
    expect((await get('/api/overview', { accept: 'application/json;q=0' })).status).toBe(200)
  })

  test('that a stream is not paged', async () => {
    for (const [path, accept] of [
      ['/api/orders', ndjson],
      ['/api/events', stream],
    ] as const) {
      const refused = await get(`${path}?limit=5`, { accept })
      expect(refused.status).toBe(400)
      expect(await refused.json()).toMatchObject({ errors: [{ pointer: '/limit' }] })
    }
  })
})

describe('Cache-Control', () => {
  test('keeps shared caches from every response that needs a key, and all caches from those for admins and with tokens', async () => {
    type Document = { paths: Record<string, { get?: { security: { key?: string[] }[] } }> }
    const { paths } = (await (await get('/api/openapi.json')).json()) as Document
    const reads = Object.entries(paths).flatMap(([path, { get: read }]) => (read === undefined ? [] : [{ path, read }]))
    expect(reads.length).toBeGreaterThan(10)
    // Its token opens a page without a key.
    const withToken = '/api/orders/{id}/tracking-link'
    expect(reads.map(({ path }) => path)).toContain(withToken)
    for (const { path, read } of reads) {
      const response = await get(path.replace(/\{\w+\}/g, 'small'))
      const [scope = 'public'] = read.security[0]?.key ?? []
      const isCacheable = !['admin', 'public'].includes(scope) && path !== withToken && response.ok
      const expected = isCacheable ? 'private, no-cache' : 'no-store'
      expect([path, response.headers.get('cache-control')]).toEqual([path, expected])
    }
  })

  test('is set on responses to changes and on errors, and forbids storing secrets', async () => {
    const body = { ...exampleOrder('placed', Date.now(), Math.random) }
    const key = { 'idempotency-key': 'placed' }
    for (const headers of [key, key, {}]) {
      const placed = await t.call('POST', '/api/orders', { body, headers })
      expect(placed.headers.get('cache-control')).toBe('private, no-cache')
    }
    const webhook = await t.call('POST', '/api/webhooks', { body: { url: 'http://127.0.0.1:9/' } })
    expect([webhook.status, webhook.headers.get('cache-control')]).toEqual([201, 'no-store'])
    const known = await get('/api/orders/small', { 'if-none-match': '"1"' })
    expect([known.status, known.headers.get('cache-control')]).toEqual([304, 'private, no-cache'])
    for (const path of ['/api/orders/nobody', '/api/orders?x=1', '/nothing', '/livez', '/readyz']) {
      expect((await get(path)).headers.get('cache-control')).toBe('no-store')
    }
  })
})

describe('a JSON response', () => {
  const asked = Object.keys(decompress) as (keyof typeof decompress)[]

  test.each(asked)('is compressed by %s when asked for', async coding => {
    for (const path of ['/api/orders', '/api/orders/large', '/api/orders/large/events', '/api/openapi.json']) {
      const plain = await get(path)
      const compressed = await get(path, { 'accept-encoding': `${coding}, unknown` })
      expect([path, compressed.headers.get('content-encoding')]).toEqual([path, coding])
      expect(plain.headers.get('content-encoding')).toBeNull()
      for (const response of [plain, compressed]) expect(varyOf(response)).toContain('accept-encoding')
      const bytes = new Uint8Array(await compressed.arrayBuffer())
      const text = await plain.text()
      const isSame = decompress[coding](bytes).toString() === text
      expect([path, isSame, bytes.byteLength < text.length]).toEqual([path, true, true])
      for (const name of ['content-type', 'cache-control', 'link']) {
        expect(compressed.headers.get(name)).toBe(plain.headers.get(name))
      }
    }
  })

  test('is not compressed when this is not asked for, or when it is small or a stream', async () => {
    for (const coding of ['', 'identity', 'gzip;q=0', '*;q=0', 'compress']) {
      const response = await get('/api/orders/large', { 'accept-encoding': coding })
      expect(response.headers.get('content-encoding')).toBeNull()
      expect(await response.json()).toMatchObject({ order_uid: 'large' })
    }
    const streams = [
      ['/api/orders/small', 'application/json'],
      ['/api/orders', 'application/x-ndjson'],
      ['/api/events', 'text/event-stream'],
    ] as const
    for (const [path, accept] of streams) {
      const response = await get(path, { accept, 'accept-encoding': 'gzip, br, zstd' })
      expect([path, response.headers.get('content-encoding')]).toEqual([path, null])
      await response.body?.cancel()
    }
  })

  test('has a weak entity tag when compressed, which all conditional requests accept', async () => {
    const headers = { 'accept-encoding': 'gzip' }
    const compressed = await get('/api/orders/large', headers)
    const etag = compressed.headers.get('etag') ?? ''
    expect([etag, (await get('/api/orders/large')).headers.get('etag')]).toEqual(['W/"1"', '"1"'])
    expect((await get('/api/orders/large', { ...headers, 'if-none-match': etag })).status).toBe(304)
    expect((await get('/api/orders/large', { 'if-none-match': etag })).status).toBe(304)
    const hold = { headers: { 'if-match': etag } }
    expect((await t.call('POST', '/api/orders/large/hold', hold)).status).toBe(200)
    expect((await t.call('POST', '/api/orders/large/confirm', hold)).status).toBe(412)
  })

  test('is correct for many concurrent requests, although few are compressed at a time', async () => {
    const expected = await (await get('/api/orders')).text()
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const response = await get('/api/orders', { 'accept-encoding': asked[index % asked.length] ?? '' })
        const coding = response.headers.get('content-encoding') as keyof typeof decompress | null
        const bytes = new Uint8Array(await response.arrayBuffer())
        return (coding === null ? Buffer.from(bytes) : decompress[coding](bytes)).toString()
      }),
    )
    expect(new Set(answers)).toEqual(new Set([expected]))
  })
})
