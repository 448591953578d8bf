/**
 * An entity tag (RFC 9110, 8.8.3) as it is compared: the part between its quotes. Whether it is weak is ignored, since proxies that
 * compress make strong tags weak (nginx: `W/"3"`) and clients send back what they got.
 */
type OpaqueTag = string

/** How proxies that compress mark a tag: Apache and Caddy `"3-gzip"`, Jetty `"3--gzip"`. */
const codingMark = /--?(?:gzip|br|zstd|deflate)$/

/** One member of a list of tags, with the comma that ends it. A list may have empty members (RFC 9110, 5.6.1.2). */
const member = /[ \t]*(?:(?:W\/)?"([\x21\x23-\x7e\x80-\uffff]*)"[ \t]*)?(?:,|$)/y

/**
 * Reads `If-Match` or `If-None-Match` (RFC 9110, 13.1): a list of tags, or `*`.
 *
 * @returns '*', or the tags without what a compressing proxy has added to them; undefined for what is neither
 */
export function readEntityTags(header: string): '*' | OpaqueTag[] | undefined {
  if (header.trim() === '*') return '*'
  const tags: OpaqueTag[] = []
  for (member.lastIndex = 0; member.lastIndex < header.length; ) {
    const found = member.exec(header)
    if (found === null) return undefined
    if (found[1] !== undefined) tags.push(found[1].replace(codingMark, ''))
  }
  return tags.length === 0 ? undefined : tags
}

/**
 * Whether a client that sent this `If-None-Match` has the representation already: then the answer is 304. A header that cannot be
 * parsed is ignored, since the whole response is never wrong.
 *
 * @param etag the tag of the representation, in quotes, strong
 */
export function isKnown(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch === etag) return true
  const tags = readEntityTags(ifNoneMatch)
  return tags === '*' || tags?.includes(etag.slice(1, -1)) === true
}
