import { randomBytes } from 'node:crypto'
import type { Claim } from '../platform/idempotency/queries.ts'
import { sha256 } from '../platform/sha256.ts'

/** Ids: a prefix, such as `pay`, and 24 characters, 120 bits. */

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

export function newId(prefix: string): string {
  return withPrefix(prefix, randomBytes(24))
}

/**
 * The id of what a request with an Idempotency-Key makes. It is made of the key and the request: wherever the first attempt was cut off,
 * a repetition finds what that one has made, for as long as the rows are kept, and nothing is charged or refunded twice.
 */
export function idOf(prefix: string, claim: Claim): string {
  return withPrefix(prefix, digestOf(claim))
}

/** The ids of a payment and of its first operation, made in the same way. */
export function paymentIdsOf(claim: Claim): { paymentId: string; operationId: string } {
  const digest = digestOf(claim)
  return { paymentId: withPrefix('pay', digest), operationId: withPrefix('op', digest) }
}

function digestOf({ scope, key, fingerprint }: Claim): Uint8Array {
  return sha256(scope, fingerprint, key)
}

function withPrefix(prefix: string, bytes: Uint8Array): string {
  let id = `${prefix}_`
  for (const byte of bytes.subarray(0, 24)) id += alphabet.charAt(byte & 31)
  return id
}
