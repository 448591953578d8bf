import { sha256 } from '../platform/sha256.ts'

/**
 * The id of an operation that follows from something else, such as a refund that was made at the provider: the same each time it is
 * reported, so that it becomes one row.
 *
 * @param prefix `op` for what is ours, `ext` for what was made at the provider
 * @returns the prefix, and 24 hexadecimal digits
 */
export function derivedId(prefix: 'op' | 'ext', ...parts: readonly string[]): string {
  return `${prefix}_${sha256(JSON.stringify(parts)).toString('hex', 0, 12)}`
}
