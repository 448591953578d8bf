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
