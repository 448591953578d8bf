/**
 * Where the `Link` of a page leads (RFC 8288), as a path with its query; undefined on the last page.
 *
 * @param asked the path that the page was read at: the link is relative to it
 */
export function nextOf(asked: string, { headers }: { headers: Headers }): string | undefined {
  const target = /^<([^>]+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1]
  return target === undefined ? undefined : pathFrom(asked, target)
}

/** A reference such as a `Location`, resolved against the path that was asked for. */
export function pathFrom(asked: string, reference: string): string {
  const { pathname, search } = new URL(reference, new URL(asked, 'http://localhost'))
  return pathname + search
}
