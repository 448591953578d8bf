import type { Violation } from '../errors.ts'

/** How deep a document may nest. The contract's own part is three deep; the rest is for fields it does not know. */
const depthMax = 64

/**
 * Finds the values that JSON can carry and the service cannot keep as they are: a NUL character (PostgreSQL's text
 * refuses it), half a surrogate pair (no UTF-8 form), a number past ±(2^53−1) (would be rounded), and nesting without end.
 *
 * @param value what `JSON.parse` returned
 */
export function checkValues(value: unknown): Violation[] {
  const violations: Violation[] = []
  walk(value, '', 0, violations)
  return violations
}

function walk(value: unknown, pointer: string, depth: number, violations: Violation[]): void {
  if (typeof value === 'string') checkText(value, pointer, violations)
  else if (typeof value === 'number') checkNumber(value, pointer, violations)
  else if (typeof value === 'object' && value !== null) {
    if (depth === depthMax) {
      violations.push({ pointer, detail: `must not nest deeper than ${depthMax} levels` })
      return
    }
    for (const [key, inner] of Object.entries(value)) {
      const innerPointer = `${pointer}/${escapePointer(key)}`
      if (!Array.isArray(value)) checkText(key, innerPointer, violations)
      walk(inner, innerPointer, depth + 1, violations)
    }
  }
}

function checkText(text: string, pointer: string, violations: Violation[]): void {
  if (text.includes('\0')) violations.push({ pointer, detail: 'must not hold the character U+0000' })
  if (!text.isWellFormed()) violations.push({ pointer, detail: 'must not hold half a surrogate pair' })
}

function checkNumber(number: number, pointer: string, violations: Violation[]): void {
  if (Math.abs(number) > Number.MAX_SAFE_INTEGER) {
    violations.push({ pointer, detail: 'must be a number within ±(2^53 − 1)' })
  }
}

/** RFC 6901: `~` is written `~0` and `/` is written `~1`. A part that is not Unicode text is shown with U+FFFD. */
function escapePointer(key: string): string {
  return key.toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')
}
