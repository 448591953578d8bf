import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** Compares texts in a time that says nothing of where they differ. */
export function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}

/** Whether a header is the HMAC-SHA256 of the content by one of the secrets; hex in upper or lower case. */
export function isHmacOf(
  given: string | null,
  content: readonly (string | Uint8Array)[],
  secrets: readonly (string | Uint8Array)[],
  encodings: readonly ('hex' | 'base64')[],
): boolean {
  if (given === null || given === '') return false
  return secrets.some(secret => {
    const hmac = createHmac('sha256', secret)
    for (const part of content) hmac.update(part)
    const digest = hmac.digest()
    return encodings.some(encoding =>
      isSame(encoding === 'hex' ? given.toLowerCase() : given, digest.toString(encoding)),
    )
  })
}

/** Whether the password of `Authorization: Basic` is one of the secrets: for carriers who sign nothing, and let one add it to the address. */
export function isBasicPassword(authorization: string | null, secrets: readonly string[]): boolean {
  const [, encoded] = /^basic +([\w+/=-]{1,1000}) *$/i.exec(authorization ?? '') ?? []
  if (encoded === undefined) return false
  const pair = Buffer.from(encoded, 'base64').toString('utf8')
  const password = pair.slice(pair.indexOf(':') + 1)
  return secrets.some(secret => isSame(password, secret))
}
