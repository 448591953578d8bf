import type { Route } from './http.ts'

/**
 * Removes the path under which a proxy serves the service, where the proxy does not. A path without it is returned as it is: probes
 * and scrapers call the service directly.
 *
 * @param basePath such as `/shop`; '' for none
 */
export function pathBelow(basePath: string, path: string): string {
  if (!path.startsWith(basePath)) return path
  return path.length === basePath.length || path[basePath.length] === '/' ? path.slice(basePath.length) : path
}

/** Redirects `/shop` to `/shop/`: addresses on the page are relative to a folder. */
export function basePathRoutes(basePath: string): Route[] {
  if (basePath === '') return []
  const location = `${basePath.slice(basePath.lastIndexOf('/') + 1)}/`
  const handle = () => new Response(null, { status: 308, headers: { location } })
  return [{ method: 'GET', path: '', scope: 'public', handle }]
}
