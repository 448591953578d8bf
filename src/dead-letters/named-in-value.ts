/** Whom a message names, as far as it can be read: most of those that become dead letters are broken. Pure. */

export type Names = Readonly<{
  customerId: string | undefined
  orderUid: string | undefined
  /** Whether it may have a recipient: a command to an order has none. */
  hasRecipient: boolean
  /** The words of a message that names neither, such as a carrier's report: one may be the number of a parcel. */
  words: readonly string[]
}>

/** Reads the first customer and order that a message names, whether or not it is JSON. */
export function namesIn(value: Uint8Array): Names {
  const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8')
  const customerId = textOf(text, /"customer_id"\s*:\s*"((?:[^"\\]|\\.)*)"/)
  const orderUid = textOf(text, /"order_uid"\s*:\s*"((?:[^"\\]|\\.)*)"/)
  const isOfNobody = customerId === undefined && orderUid === undefined
  return { customerId, orderUid, hasRecipient: text.includes('delivery'), words: isOfNobody ? wordsOf(text) : [] }
}

/** Characters of what may be the number of a parcel, as people write it: with spaces, dots and hyphens between. */
const wordForm = /[0-9A-Za-z_][0-9A-Za-z_ .-]{4,98}[0-9A-Za-z_]/g

function wordsOf(text: string): string[] {
  return [...new Set(text.match(wordForm) ?? [])].filter(word => /\d/.test(word))
}

function textOf(text: string, member: RegExp): string | undefined {
  const [, written] = member.exec(text) ?? []
  if (written === undefined) return undefined
  try {
    return JSON.parse(`"${written}"`) as string
  } catch {
    return written
  }
}
