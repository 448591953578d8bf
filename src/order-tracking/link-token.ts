import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'

/** What a link opens: an order, and which of its links it is. Revoking one makes the next. */
export type LinkedOrder = Readonly<{ orderUid: string; revision: number }>

/** The tokens of links to the tracking pages of orders. */
export type LinkTokens = Readonly<{
  /** The same for the same link. */
  tokenOf(linked: LinkedOrder): string
  /** @returns undefined for a text that was not made by the same secret */
  read(token: string): LinkedOrder | undefined
}>

const authenticatorBytes = 16
const tokenForm = /^[\w-]{25,120}$/
const textForm = /^(\d{1,9}) ([\w-]{1,64})$/

/**
 * Makes tokens out of a secret of the service. A token is the order's uid, encrypted and authenticated: AES-256 in counter mode, with
 * the first 128 bits of an HMAC-SHA256 of the text as its initial counter (the synthetic IV of RFC 5297). So nothing is stored for an order,
 * nobody makes a token without the secret, and a token says nothing of its order.
 *
 * @param secret 32 random bytes
 */
export function createLinkTokens(secret: Uint8Array): LinkTokens {
  const keyFor = (purpose: string) => createHmac('sha256', secret).update(purpose).digest()
  const [authentication, encryption] = [keyFor('authentication'), keyFor('encryption')]
  const authenticatorOf = (text: Uint8Array) =>
    createHmac('sha256', authentication).update(text).digest().subarray(0, authenticatorBytes)
  return {
    tokenOf({ orderUid, revision }) {
      const text = Buffer.from(`${revision} ${orderUid}`, 'latin1')
      const authenticator = authenticatorOf(text)
      const cipher = createCipheriv('aes-256-ctr', encryption, authenticator)
      return Buffer.concat([authenticator, cipher.update(text), cipher.final()]).toString('base64url')
    },
    read(token) {
      const bytes = Buffer.from(token, 'base64url')
      // Only one way of writing a token is valid.
      if (!tokenForm.test(token) || bytes.toString('base64url') !== token) return undefined
      const authenticator = bytes.subarray(0, authenticatorBytes)
      const cipher = createDecipheriv('aes-256-ctr', encryption, authenticator)
      const text = Buffer.concat([cipher.update(bytes.subarray(authenticatorBytes)), cipher.final()])
      if (!timingSafeEqual(authenticatorOf(text), authenticator)) return undefined
      const [, revision, orderUid] = textForm.exec(text.toString('latin1')) ?? []
      return orderUid === undefined ? undefined : { orderUid, revision: Number(revision) }
    },
  }
}
