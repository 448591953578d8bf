/**
 * The `Link` header to the next page (RFC 8288): the same query with another cursor, as a reference relative to the host.
 *
 * @param url the request's
 */
export function linkToNext(url: string, cursor: string): string {
  const { pathname, searchParams } = new URL(url)
  searchParams.set('cursor', cursor)
  return `<${pathname}?${searchParams}>; rel="next"`
}

/** An address that paths are put behind. No pattern: one that is anchored at the end begins again at each slash. */
export function withoutTrailingSlashes(address: string): string {
  let end = address.length
  while (address[end - 1] === '/') end -= 1
  return address.slice(0, end)
}
