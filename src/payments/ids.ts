import { createHash, randomBytes } from 'node:crypto'
import type { Claim } from '../platform/idempotency/queries.ts'

/** Ids: a prefix, such as `pay`, and 24 characters, 120 bits. */

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

export function newId(prefix: string): string {
  return withPrefix(prefix, randomBytes(24))
}

/**
 * The id of what a request with an Idempotency-Key makes. It is made of the key and the request: wherever the first attempt was cut off,
 * a repetition finds what that one has made, for as long as the rows are kept, and nothing is charged or refunded twice.
 */
export function idOf(prefix: string, { scope, key, fingerprint }: Claim): string {
  return withPrefix(prefix, createHash('sha256').update(scope).update(fingerprint).update(key).digest())
}

function withPrefix(prefix: string, bytes: Uint8Array): string {
  let id = `${prefix}_`
  for (const byte of bytes.subarray(0, 24)) id += alphabet.charAt(byte & 31)
  return id
}
