import { createHash } from 'node:crypto'

/**
 * The id of an operation that follows from something else, such as a refund that was made at the provider: the same each time it is
 * reported, so that it becomes one row.
 *
 * @param prefix `op` for what is ours, `ext` for what was made at the provider
 * @returns the prefix, and 24 hexadecimal digits
 */
export function derivedId(prefix: 'op' | 'ext', ...parts: readonly string[]): string {
  return `${prefix}_${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24)}`
}
