/** Whom a message names, as far as it can be read: most of those that become dead letters are broken. Pure. */

export type Names = Readonly<{
  customerId: string | undefined
  orderUid: string | undefined
  /** Whether it may have a recipient: a command to an order has none. */
  hasRecipient: boolean
}>

/** Reads the first customer and order that a message names, whether or not it is JSON. */
export function namesIn(value: Uint8Array): Names {
  const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8')
  return {
    customerId: textOf(text, /"customer_id"\s*:\s*"((?:[^"\\]|\\.)*)"/),
    orderUid: textOf(text, /"order_uid"\s*:\s*"((?:[^"\\]|\\.)*)"/),
    hasRecipient: text.includes('delivery'),
  }
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
