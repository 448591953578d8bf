import { type Static, type TSchema, Type } from 'typebox'
import type { Validator } from 'typebox/compile'
import type { TLocalizedValidationError } from 'typebox/error'
import { AppError, type Violation } from '../errors.ts'
import { readBody, requireMediaType } from './http.ts'

/**
 * The form of a text without U+0000, which PostgreSQL cannot keep. Half a surrogate pair it cannot keep either; that is looked at
 * by `halfPairsIn`, since no pattern that Go, Java and Python compile can say so.
 */
export const withoutNul = '^[^\\x00]*$'

/** A text for people; characters that PostgreSQL cannot keep are refused like any other violation. */
const remark = (charactersMax: number, description: string) =>
  Type.String({ maxLength: charactersMax, pattern: withoutNul, description })

/** Why, and who asks: what everything that a person tells the service to do can carry. */
export const remarks = {
  reason: Type.Optional(remark(500, 'Why; for people')),
  actor: Type.Optional(remark(200, 'Who asks')),
}

export type JsonReading<Value> = { kind: 'value'; value: Value } | { kind: 'refused'; violations: Violation[] }

/**
 * Reads JSON that keeps a schema.
 *
 * @param expected what is said of bytes that are no JSON
 * @param check further rules, of any value: what it returns is told beside what the schema says
 */
export function readJson<Schema extends TSchema>(
  contract: Validator<Record<never, never>, Schema>,
  bytes: Uint8Array,
  expected: string,
  check: (value: unknown) => readonly Violation[] = () => [],
): JsonReading<Static<Schema>> {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return { kind: 'refused', violations: [{ pointer: '', detail: expected }] }
  }
  const further = [...halfPairsIn(value), ...check(value)]
  const keepsSchema = contract.Check(value)
  if (keepsSchema && further.length === 0) return { kind: 'value', value: value as Static<Schema> }
  const errors = keepsSchema ? [] : contract.Errors(value)
  return { kind: 'refused', violations: [...errors.flatMap(toViolations), ...further] }
}

/** What stands in the fields of a body and has no form in UTF-8. */
function halfPairsIn(value: unknown): Violation[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value)
    .filter(([, field]) => typeof field === 'string' && !field.isWellFormed())
    .map(([name]) => ({ pointer: `/${name}`, detail: 'must not hold half a surrogate pair' }))
}

/** An error of the schema library in words that help: each field by its name, and what is allowed where there is a choice. */
function toViolations(error: TLocalizedValidationError): Violation[] {
  const pointer = error.instancePath
  switch (error.keyword) {
    case 'required':
      return error.params.requiredProperties.map(name => ({ pointer: `${pointer}/${name}`, detail: 'is required' }))
    case 'enum':
      return [{ pointer, detail: `must be one of ${error.params.allowedValues.join(', ')}` }]
    case 'additionalProperties':
      // Each of the fields has an error of its own.
      return []
    case 'boolean':
      return [{ pointer, detail: 'must be left out: there is no such field' }]
    default:
      return [{ pointer, detail: error.message }]
  }
}

/**
 * Reads the body of a request as JSON that keeps a schema.
 *
 * @param options expected: what is said of a body that is no JSON; absent: what a request without a body means, if it may
 *   have none; check: as for `readJson`
 * @throws AppError REQUEST_INVALID with every violation, BODY_TOO_LARGE or MEDIA_TYPE_UNSUPPORTED
 */
export async function readJsonBody<Schema extends TSchema>(
  request: Request,
  contract: Validator<Record<never, never>, Schema>,
  options: {
    sizeBytesMax: number
    expected: string
    absent?: Static<Schema>
    check?: (value: unknown) => readonly Violation[]
  },
): Promise<Static<Schema>> {
  requireMediaType(request, ['application/json'])
  const bytes = await readBody(request, options.sizeBytesMax)
  if (bytes.byteLength === 0 && options.absent !== undefined) return options.absent
  const reading = readJson(contract, bytes, options.expected, options.check)
  if (reading.kind === 'value') return reading.value
  throw new AppError('REQUEST_INVALID', 'the body is not valid', { violations: reading.violations })
}
