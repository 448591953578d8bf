/**
 * Builds the `Link` header to the next page (RFC 8288): the same query with another cursor, relative to the request's URL, so that it
 * leads back through the same proxy, host and path prefix. Its last path segment is repeated, since
 * resolvers after RFC 2396 (Java's `java.net.URI`) lose it from a reference that is a query alone.
 *
 * @param url the request's
 */
export function linkToNext(url: string, cursor: string): string {
  const { pathname, searchParams } = new URL(url)
  searchParams.set('cursor', cursor)
  return `<${pathname.slice(pathname.lastIndexOf('/') + 1)}?${searchParams}>; rel="next"`
}

/** Removes slashes from the end of a URL. Not by a pattern: one that is anchored at the end starts over at each slash. */
export function withoutTrailingSlashes(address: string): string {
  let end = address.length
  while (address[end - 1] === '/') end -= 1
  return address.slice(0, end)
}
