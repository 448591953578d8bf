/**
 * The `Link` header to the next page (RFC 8288): the same query with another cursor, relative to the address that was asked for, so
 * that it leads back through whatever proxy, host and path prefix the request came by. Its last segment is repeated, since
 * resolvers after RFC 2396 (Java's `java.net.URI`) lose it from a reference that is a query alone.
 *
 * @param url the request's
 */
export function linkToNext(url: string, cursor: string): string {
  const { pathname, searchParams } = new URL(url)
  searchParams.set('cursor', cursor)
  return `<${pathname.slice(pathname.lastIndexOf('/') + 1)}?${searchParams}>; rel="next"`
}

/** An address that paths are put behind. No pattern: one that is anchored at the end begins again at each slash. */
export function withoutTrailingSlashes(address: string): string {
  let end = address.length
  while (address[end - 1] === '/') end -= 1
  return address.slice(0, end)
}
