import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join, relative } from 'node:path'
import { chooseCoding } from './accept.ts'
import { BytesResponse } from './bytes-response.ts'
import { isKnown } from './entity-tags.ts'
import type { Call, Route } from './http.ts'

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json',
  '.woff2': 'font/woff2',
}

/** Allows scripts, styles and requests of this service only, no inline scripts, and no framing. */
const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const safety = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
}

/** A name that ends with the hash of its content, as the build makes them: the content never changes. */
const hashedName = /-[a-z0-9]{8,}\.[a-z0-9]+$/

/** How a file may be there compressed already: what a client calls it, and how its name goes on. Best first. */
const encodings = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const

/** Documents are also served at the addresses that this file lists: templates of routes by the name of the document, as JSON. */
const pagesFile = 'pages.json'

/**
 * The files of a folder as routes. They are listed and read once: an address that is not one of them is unknown, so no path
 * can lead out of the folder. Of a file that is there compressed as well a client gets what it can take.
 *
 * @param options folder: nothing is served when it does not exist; prefix: the address it is served under, ending in '/';
 *   only: the names served, all unless given
 */
export function staticRoutes(options: { folder: string; prefix: string; only?: readonly string[] }): Route[] {
  const { folder, prefix, only } = options
  if (!existsSync(folder)) return []
  const pages = addressesOf(folder)
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map(name => relative(folder, join(folder, name)))
    .filter(name => name !== pagesFile && statSync(join(folder, name)).isFile() && types[extname(name)] !== undefined)
    .filter(name => only === undefined || only.includes(name))
    .flatMap(name => {
      const own = (pages[name] ?? []).map(page => prefix + page.slice(1))
      // A document for addresses further down does not fit its own.
      const named = own.length === 0 || name === 'index.html' ? [prefix + name] : []
      return fileRoutes(join(folder, name), name, [...new Set([...own, ...named])])
    })
}

/**
 * A page at an address. Where it was not built, what is there instead says how to build it.
 *
 * @param folder of the built page
 * @param prefix the address it is served under, ending in '/'
 */
export function pageRoutes(folder: string, prefix = '/'): Route[] {
  if (existsSync(join(folder, 'index.html'))) return staticRoutes({ folder, prefix })
  const headers = { ...safety, 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }
  const document = notBuilt('../'.repeat(prefix.split('/').length - 2))
  return [
    { method: 'GET', path: prefix, scope: 'public', handle: () => new Response(document, { status: 503, headers }) },
  ]
}

const notBuilt = (up: string) => `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>Orders</title></head>
  <body>
    <h1>The page is not built yet</h1>
    <p>Run <code>make build</code> in the checkout and start the service again. The API works without the page: it is
      described <a href="${up}api/docs">here</a>.</p>
  </body>
</html>
`

function addressesOf(folder: string): Record<string, string[]> {
  const file = join(folder, pagesFile)
  return existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string[]>)
    : { 'index.html': ['/'] }
}

type Variant = { encoding: string | undefined; etag: string; bytes: Buffer }

function fileRoutes(file: string, name: string, paths: readonly string[]): Route[] {
  const plain = variantOf(file, undefined)
  const compressed = encodings.flatMap(([encoding, ending]) =>
    existsSync(file + ending) ? [variantOf(file + ending, encoding)] : [],
  )
  const offered = compressed.flatMap(({ encoding }) => encoding ?? [])
  const headers = {
    'content-type': types[extname(name)] ?? 'application/octet-stream',
    ...safety,
    'cache-control': hashedName.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache',
    ...(compressed.length === 0 ? {} : { vary: 'accept-encoding' }),
  }
  const handle = (call: Call) => {
    const chosen = chooseCoding(call.request.headers.get('accept-encoding'), offered)
    const { encoding, etag, bytes } = compressed.find(({ encoding }) => encoding === chosen) ?? plain
    const own = { ...headers, etag }
    const known = call.request.headers.get('if-none-match')
    if (known !== null && isKnown(known, etag)) return new Response(null, { status: 304, headers: own })
    return new BytesResponse(bytes, encoding === undefined ? own : { ...own, 'content-encoding': encoding })
  }
  return paths.map(path => ({ method: 'GET', path, scope: 'public', representsItself: true, handle }))
}

function variantOf(file: string, encoding: string | undefined): Variant {
  const bytes = readFileSync(file)
  // Each variant has an entity tag of its own, since its bytes differ.
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
  return { encoding, etag, bytes }
}
