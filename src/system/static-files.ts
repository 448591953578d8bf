import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join, relative } from 'node:path'
import type { Route } from '../platform/http.ts'

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

/** Scripts, styles and requests of this service only, no inline script, and in nobody's frame. */
const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/**
 * The files of a folder as routes. They are listed and read once: an address that is not one of them is unknown, so no path
 * can lead out of the folder.
 *
 * @param options folder: nothing is served when it does not exist; prefix: the address it is served under, ending in '/';
 *   only: the names served, all unless given
 */
export function staticRoutes(options: { folder: string; prefix: string; only?: readonly string[] }): Route[] {
  const { folder, prefix, only } = options
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map(name => relative(folder, join(folder, name)))
    .filter(name => statSync(join(folder, name)).isFile() && types[extname(name)] !== undefined)
    .filter(name => only === undefined || only.includes(name))
    .flatMap(name => fileRoutes(join(folder, name), prefix, name))
}

function fileRoutes(file: string, prefix: string, name: string): Route[] {
  const bytes = readFileSync(file)
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
  const headers = {
    'content-type': types[extname(name)] ?? 'application/octet-stream',
    'content-security-policy': contentSecurityPolicy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-cache',
    etag,
  }
  const paths = name === 'index.html' ? [prefix, prefix + name] : [prefix + name]
  return paths.map(path => ({
    method: 'GET',
    path,
    scope: 'public',
    handle: context =>
      context.req.raw.headers.get('if-none-match') === etag
        ? new Response(null, { status: 304, headers })
        : new Response(bytes, { headers }),
  }))
}
