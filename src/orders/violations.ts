import type { TLocalizedValidationError } from 'typebox/error'
import type { Violation } from '../errors.ts'
import type { JsonPath } from '../platform/json-scan.ts'
import { orderDocument } from './document.ts'

/** The part of a schema that is read here. */
type Place = { type?: string; expected?: string; properties?: Record<string, Place>; items?: Place }

/**
 * The schema library's errors as violations: one for each missing field instead of one for all of them, and the
 * contract's own words where it has some.
 */
export function toViolations(errors: readonly TLocalizedValidationError[]): Violation[] {
  const violations = errors.flatMap(error => {
    const pointer = error.instancePath
    if (error.keyword === 'required') {
      return error.params.requiredProperties.map(name => ({ pointer: `${pointer}/${name}`, detail: 'is required' }))
    }
    const expected = placeAt(pointer)?.expected
    return [{ pointer, detail: expected === undefined ? error.message : `must be ${expected}` }]
  })
  // Two rules of one field (length and pattern, say) with the same words are one violation for the reader.
  const seen = new Set<string>()
  return violations.filter(({ pointer, detail }) => {
    const known = seen.has(`${pointer} ${detail}`)
    seen.add(`${pointer} ${detail}`)
    return !known
  })
}

/** The violation of a rule that the schema states in words but cannot check. */
export function expectedAt(pointer: string): Violation {
  return { pointer, detail: `must be ${placeAt(pointer)?.expected}` }
}

/** What is said of a number that is not written as an integer of the contract. */
export const integerForm = 'must be an integer written in digits alone, without point or exponent'

/**
 * The rule for numbers that are not written as JavaScript writes them, such as `99.0`. In a field of the contract such a number
 * would reach readers that expect an integer (Go's `int64` refuses `99.0`), or come back as another text than was sent.
 */
export function requireForm(path: JsonPath): string | undefined {
  const isInteger = path.length <= 3 && placeOf(path)?.type === 'integer'
  return isInteger ? integerForm : undefined
}

function placeAt(pointer: string): Place | undefined {
  return placeOf(pointer.split('/').slice(1))
}

function placeOf(path: JsonPath): Place | undefined {
  let place: Place | undefined = orderDocument as Place
  for (const part of path) {
    place = place?.items ?? (Object.hasOwn(place?.properties ?? {}, part) ? place?.properties?.[part] : undefined)
  }
  return place
}
