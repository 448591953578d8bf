import { hash } from 'node:crypto'

/**
 * SHA-256 of parts, one behind another, in one call: half of the price of a hash that is fed piece by piece, and several are made for each
 * request that moves money.
 */
export function sha256(...parts: readonly (string | Uint8Array)[]): Buffer {
  const [first = '', ...others] = parts
  return hash('sha256', others.length === 0 ? first : Buffer.concat(parts.map(bytesOf)), 'buffer')
}

function bytesOf(part: string | Uint8Array): Uint8Array {
  return typeof part === 'string' ? Buffer.from(part) : part
}
