import { afterAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import type { Route } from './http.ts'
import { buildHttp } from './http-router.ts'
import { createLogger } from './log.ts'
import { createRegistry } from './metrics.ts'
import { startServer } from './server.ts'
import { pageRoutes, staticRoutes } from './static-files.ts'

const outside = mkdtempSync(join(tmpdir(), 'orders-static-'))
const folder = join(outside, 'web')
afterAll(() => rmSync(outside, { recursive: true, force: true }))
mkdirSync(join(folder, 'parts'), { recursive: true })
writeFileSync(join(outside, 'package.json'), '{"secret":true}')
writeFileSync(join(folder, 'index.html'), '<!doctype html><title>page</title>')
writeFileSync(join(folder, 'page.js'), 'export const one = 1\n')
writeFileSync(join(folder, 'parts', 'part.css'), 'a { color: red }')
writeFileSync(join(folder, 'notes.txt'), 'of a kind that is not served')
writeFileSync(join(folder, '.env'), 'SECRET=1')

function serveRoutes(routes: Route[]) {
  return buildHttp({
    routes,
    allows: () => undefined,
    idempotent: route => route.handle,
    registry: createRegistry(),
    log: createLogger({ level: 'silent' }),
  })
}

const serve = (options: { folder: string; only?: readonly string[] }) =>
  serveRoutes(staticRoutes({ prefix: '/', ...options }))

const fetchFile = serve({ folder })
const get = (path: string, headers: Record<string, string> = {}) =>
  fetchFile(new Request(`http://localhost${path}`, { headers }))

describe('existing files', () => {
  test.each([
    ['/', 'text/html; charset=utf-8'],
    ['/index.html', 'text/html; charset=utf-8'],
    ['/page.js', 'text/javascript; charset=utf-8'],
    ['/parts/part.css', 'text/css; charset=utf-8'],
  ])('%s comes as %s', async (path, type) => {
    const response = await get(path)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe(type)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect((await response.text()).length).toBeGreaterThan(0)
  })

  test('only scripts of our own files run, and no other page frames it', async () => {
    const policy = (await get('/')).headers.get('content-security-policy') ?? ''
    const directives = new Map(policy.split('; ').map(text => [text.split(' ')[0], text]))
    expect(directives.get('default-src')).toBe("default-src 'none'")
    expect(directives.get('script-src')).toBe("script-src 'self'")
    expect(directives.get('style-src')).toBe("style-src 'self'")
    expect(directives.get('frame-ancestors')).toBe("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
  })

  test('a browser that has the file gets 304, until it changes', async () => {
    const etag = (await get('/page.js')).headers.get('etag') ?? ''
    expect(etag).toMatch(/^"[\w-]{22}"$/)
    const known = await get('/page.js', { 'if-none-match': etag })
    expect(known.status).toBe(304)
    expect(known.headers.get('etag')).toBe(etag)
    expect(await known.text()).toBe('')
    expect((await get('/page.js', { 'if-none-match': '"another"' })).status).toBe(200)
    expect((await get('/')).headers.get('etag')).not.toBe(etag)
  })

  test('a file is read at start, not for each request', async () => {
    writeFileSync(join(folder, 'late.js'), '')
    expect((await get('/late.js')).status).toBe(404)
  })
})

describe('a built page', () => {
  const built = join(outside, 'built')
  const script = 'export const answer = 42\n'.repeat(50)
  mkdirSync(join(built, 'assets'), { recursive: true })
  writeFileSync(join(built, 'index.html'), '<!doctype html><title>page</title>')
  writeFileSync(join(built, 'pages.json'), '{"index.html":["/","/orders"],"index-2.html":["/orders/:id"]}')
  writeFileSync(join(built, 'index-2.html'), '<!doctype html><title>page</title>below')
  writeFileSync(join(built, 'assets', 'main-0a1b2c3d.js'), script)
  writeFileSync(join(built, 'assets', 'main-0a1b2c3d.js.br'), brotliCompressSync(script))
  writeFileSync(join(built, 'assets', 'main-0a1b2c3d.js.gz'), gzipSync(script))
  const address = '/assets/main-0a1b2c3d.js'
  const fetchBuilt = serveRoutes(pageRoutes(built))
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    // `fetch` of a browser would unpack by itself; this looks at what is sent.
    const response = await fetchBuilt(new Request(`http://localhost${path}`, { headers }))
    return { response, bytes: Buffer.from(await response.arrayBuffer()) }
  }

  test.each([
    ['br, gzip, deflate', 'br', brotliDecompressSync],
    ['gzip, deflate', 'gzip', gunzipSync],
    ['GZIP;q=0.5, br;q=0', 'gzip', gunzipSync],
  ] as const)('a client that takes %s gets %s', async (accepted, encoding, unpack) => {
    const { response, bytes } = await ask(address, { 'accept-encoding': accepted })
    expect(response.headers.get('content-encoding')).toBe(encoding)
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(response.headers.get('vary')).toBe('accept-encoding')
    expect(unpack(bytes).toString()).toBe(script)
  })

  test.each(['', 'identity', 'br;q=0, gzip;q=0.0', 'brotli'])(
    'with Accept-Encoding %p it is not compressed',
    async accepted => {
      const { response, bytes } = await ask(address, { 'accept-encoding': accepted })
      expect(response.headers.get('content-encoding')).toBeNull()
      expect(bytes.toString()).toBe(script)
    },
  )

  test('each coding has its own entity tag, and a browser that has it in this coding gets 304', async () => {
    const tags = new Set<string>()
    for (const accepted of ['br', 'gzip', 'identity']) {
      const headers = { 'accept-encoding': accepted }
      const etag = (await ask(address, headers)).response.headers.get('etag') ?? ''
      const { response } = await ask(address, { ...headers, 'if-none-match': etag })
      expect(response.status).toBe(304)
      tags.add(etag)
    }
    expect(tags.size).toBe(3)
  })

  test('a file with a hash in its name is cached forever, the document is revalidated each time', async () => {
    const { response } = await ask(address)
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect((await ask('/')).response.headers.get('cache-control')).toBe('no-cache')
  })

  test.each(['/', '/index.html', '/orders', '/orders/some-id'])('%s is the document', async path => {
    const { response, bytes } = await ask(path)
    expect(response.status).toBe(200)
    expect(bytes.toString()).toBe(`<!doctype html><title>page</title>${path.endsWith('some-id') ? 'below' : ''}`)
  })

  test.each(['/pages.json', '/index-2.html', `${address}.br`, '/orders/some-id/more', '/assets'])(
    '%s is not there',
    async path => {
      expect((await ask(path)).response.status).toBe(404)
    },
  )
})

test('without a built page the address says how to build one, and the rest of the service works', async () => {
  const fetchNone = serveRoutes(pageRoutes(join(outside, 'nowhere')))
  const response = await fetchNone(new Request('http://localhost/'))
  expect(response.status).toBe(503)
  expect(await response.text()).toContain('make build')
  const below = await serveRoutes(pageRoutes(join(outside, 'nowhere'), '/shop/'))(new Request('http://localhost/shop/'))
  expect(await below.text()).toContain('href="../api/docs"')
})

describe('missing files', () => {
  test.each([
    '/nothing',
    '/parts',
    '/parts/',
    '/notes.txt',
    '/.env',
    '/page.js/',
    '/PAGE.JS',
    '/%2e%2e/package.json',
    '/..%2fpackage.json',
    '/parts/..%2f..%2fpackage.json',
    '/%5c..%5cpackage.json',
    '/page.js%00.css',
  ])('%s is a problem document with 404', async path => {
    const response = await get(path)
    expect(response.status).toBe(404)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.json()).toMatchObject({ code: 'ROUTE_NOT_FOUND' })
  })

  test.each(['/../package.json', '/%2e%2e/package.json', '/parts/../../package.json', '//package.json'])(
    '%s, sent as it stands over a socket, leads nowhere',
    async path => {
      const server = startServer({ host: '127.0.0.1', port: 0, fetch: fetchFile })
      const answer = await rawGet(new URL(server.url).port, path)
      await server.stop(1_000)
      expect(answer.status).toBe(404)
      expect(answer.body).not.toContain('secret')
    },
  )

  test('a folder that does not exist has no files', () => {
    expect(staticRoutes({ folder: join(outside, 'nowhere'), prefix: '/' })).toEqual([])
  })

  test('only the named ones are served', async () => {
    const some = serve({ folder, only: ['page.js'] })
    expect((await some(new Request('http://localhost/page.js'))).status).toBe(200)
    expect((await some(new Request('http://localhost/'))).status).toBe(404)
  })
})

/** A request whose path nothing has tidied up before it is sent, as `fetch` would. */
function rawGet(port: string, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path }, response => {
      let body = ''
      response.on('data', chunk => {
        body += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    sent.on('error', reject)
    sent.end()
  })
}
