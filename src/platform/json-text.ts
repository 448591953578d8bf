import { type JsonTextOptions, type JsonTextReading, scanJsonText } from './json-scan.ts'
import { screenJsonText } from './json-screen.ts'

/**
 * Finds what JSON can write and `JSON.parse` does not give back: a field given twice (the last wins), a number that a double
 * does not hold, `-0`; and what cannot be stored: U+0000 (PostgreSQL's texts have none), half a surrogate pair (no UTF-8
 * form), nesting without end. It reads the text, since the parsed value no longer shows these.
 *
 * @param text well-formed
 * @param value what `JSON.parse` made of it
 */
export function checkJsonText(text: string, value: unknown, options: JsonTextOptions = {}): JsonTextReading {
  const members = screenJsonText(text)
  if (members !== undefined && members === (typeof value === 'object' && value !== null ? countMembers(value) : 0))
    return { violations: [] }
  return scanJsonText(text, options)
}

/** The members of a value's objects, all together: fewer than in its text where a field was given twice. */
function countMembers(value: object): number {
  let count = 0
  if (Array.isArray(value)) {
    for (const inner of value) if (typeof inner === 'object' && inner !== null) count += countMembers(inner)
    return count
  }
  const members = value as Record<string, unknown>
  for (const name in members) {
    count += 1
    const inner = members[name]
    if (typeof inner === 'object' && inner !== null) count += countMembers(inner)
  }
  return count
}
