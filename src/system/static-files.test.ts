import { afterAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildHttp } from '../platform/http.ts'
import { createLogger } from '../platform/log.ts'
import { createRegistry } from '../platform/metrics.ts'
import { startServer } from '../platform/server.ts'
import { staticRoutes } from './static-files.ts'

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

function serve(options: { folder: string; only?: readonly string[] }) {
  return buildHttp({
    routes: staticRoutes({ prefix: '/', ...options }),
    allows: () => undefined,
    idempotent: route => route.handle,
    registry: createRegistry(),
    log: createLogger({ level: 'silent' }),
  })
}

const fetchFile = serve({ folder })
const get = (path: string, headers: Record<string, string> = {}) =>
  fetchFile(new Request(`http://localhost${path}`, { headers }))

describe('what is there', () => {
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

  test('no script but our own files runs, and nobody frames the page', async () => {
    const policy = (await get('/')).headers.get('content-security-policy') ?? ''
    const directives = new Map(policy.split('; ').map(text => [text.split(' ')[0], text]))
    expect(directives.get('default-src')).toBe("default-src 'none'")
    expect(directives.get('script-src')).toBe("script-src 'self'")
    expect(directives.get('style-src')).toBe("style-src 'self'")
    expect(directives.get('frame-ancestors')).toBe("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
  })

  test('a browser that has the file already is told so, until it changes', async () => {
    const etag = (await get('/page.js')).headers.get('etag') ?? ''
    expect(etag).toMatch(/^"[\w-]{22}"$/)
    const known = await get('/page.js', { 'if-none-match': etag })
    expect(known.status).toBe(304)
    expect(known.headers.get('etag')).toBe(etag)
    expect(await known.text()).toBe('')
    expect((await get('/page.js', { 'if-none-match': '"another"' })).status).toBe(200)
    expect((await get('/')).headers.get('etag')).not.toBe(etag)
  })

  test('a file is read at the start, not at each request', async () => {
    writeFileSync(join(folder, 'late.js'), '')
    expect((await get('/late.js')).status).toBe(404)
  })
})

describe('what is not there', () => {
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

  test('only those that are named are served', async () => {
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
