import { createHmac } from 'node:crypto'
import type { Endpoint } from './webhook.ts'

/** Signatures after the Standard Webhooks specification, version 1.0.0: symmetric, HMAC-SHA256. */

const secretPrefix = 'whsec_'

/** How many random bytes a secret is made of. */
export const secretBytes = 32

/** A secret as its owner keeps it. @param random 32 random bytes */
export function secretOf(random: Uint8Array): string {
  return secretPrefix + Buffer.from(random).toString('base64')
}

/** The secrets that are valid at a time, the newest first. */
export function validSecrets({ secret, previousSecret }: Endpoint, nowMs: number): string[] {
  return previousSecret === null || previousSecret.untilMs <= nowMs ? [secret] : [secret, previousSecret.secret]
}

/**
 * The headers of a delivery. Each valid secret has its signature, so that a receiver can change to the new one when it likes.
 *
 * @param id the same when the event comes twice
 */
export function signedHeaders(id: string, body: Uint8Array, secrets: readonly string[], nowMs: number) {
  const timestamp = String(Math.floor(nowMs / 1000))
  const signatures = secrets.map(secret => {
    const key = Buffer.from(secret.slice(secretPrefix.length), 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`
  })
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}
