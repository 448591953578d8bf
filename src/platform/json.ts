import { type Static, type TSchema, Type } from 'typebox'
import type { Validator } from 'typebox/compile'
import type { TLocalizedValidationError } from 'typebox/error'
import { AppError, type Violation } from '../errors.ts'
import type { HttpRequest } from './http.ts'
import { cutPointer, type JsonPath } from './json-scan.ts'
import { checkJsonText } from './json-text.ts'
import { requireMediaType } from './media-type.ts'
import { readBody } from './request-body.ts'

/**
 * The pattern of a text without U+0000, which PostgreSQL cannot store. Half a surrogate pair cannot be stored either; `checkJsonText`
 * finds that, since no pattern that Go, Java and Python compile can express it.
 */
export const withoutNul = '^[^\\x00]*$'

/** A text for people; characters that PostgreSQL cannot store are refused like any other violation. */
const remark = (charactersMax: number, description: string) =>
  Type.String({ maxLength: charactersMax, pattern: withoutNul, description })

/** Violations listed by a response: a body of three megabytes could have a hundred thousand. */
const violationsMax = 100

/** Reason and actor, which every command of a person can carry. */
export const remarks = {
  reason: Type.Optional(remark(500, 'Why; for people')),
  actor: Type.Optional(remark(200, 'Who asks')),
}

export type JsonReading<Value> = { kind: 'value'; value: Value } | { kind: 'refused'; violations: Violation[] }

export type JsonRules = {
  /** The violation of bytes that are not JSON. */
  expected: string
  /** Further rules, for any value; its violations are reported beside those of the schema. */
  check?: (value: unknown) => readonly Violation[]
  /** Which numbers must be written as JavaScript writes them: as for `checkJsonText`. */
  requireForm?: (path: JsonPath) => string | undefined
}

/**
 * Reads JSON that matches a schema and in which `checkJsonText` finds nothing: no field twice, no number that would be rounded.
 */
export function readJson<Schema extends TSchema>(
  contract: Validator<Record<never, never>, Schema>,
  bytes: Uint8Array,
  { expected, check = () => [], requireForm = () => undefined }: JsonRules,
): JsonReading<Static<Schema>> {
  let text: string
  let value: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    value = JSON.parse(text)
  } catch {
    return { kind: 'refused', violations: [{ pointer: '', detail: expected }] }
  }
  const further = [...checkJsonText(text, value, { violationsMax, requireForm }).violations, ...check(value)]
  const keepsSchema = contract.Check(value)
  if (keepsSchema && further.length === 0) return { kind: 'value', value: value as Static<Schema> }
  const errors = keepsSchema ? [] : withoutChoices(contract.Errors(value))
  return { kind: 'refused', violations: [...errors.flatMap(toViolations), ...further].slice(0, violationsMax) }
}

/**
 * Leaves out what the schema library reports of choices beside the broken rules of each: of a value that may be an object or null, that
 * it is not null, and that it is none of the choices.
 */
function withoutChoices(errors: readonly TLocalizedValidationError[]): readonly TLocalizedValidationError[] {
  const places = new Set(errors.flatMap(error => (error.keyword === 'anyOf' ? error.instancePath : [])))
  return errors.filter(({ keyword, instancePath, params }) => {
    if (!places.has(instancePath)) return true
    return keyword !== 'anyOf' && !(keyword === 'type' && params.type === 'null')
  })
}

/** Turns an error of the schema library into violations: each field by name, and the choices where there are some. */
function toViolations(error: TLocalizedValidationError): Violation[] {
  const pointer = cutPointer(error.instancePath)
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
 * Reads the body of a request as JSON that matches a schema.
 *
 * @param options absent: what a request without a body means, if it may have none
 * @throws AppError REQUEST_INVALID with every violation, BODY_TOO_LARGE or MEDIA_TYPE_UNSUPPORTED
 */
export async function readJsonBody<Schema extends TSchema>(
  request: HttpRequest,
  contract: Validator<Record<never, never>, Schema>,
  options: JsonRules & { sizeBytesMax: number; absent?: Static<Schema> },
): Promise<Static<Schema>> {
  requireMediaType(request, ['application/json'])
  const bytes = await readBody(request, options.sizeBytesMax)
  if (bytes.byteLength === 0 && options.absent !== undefined) return options.absent
  const reading = readJson(contract, bytes, options)
  if (reading.kind === 'value') return reading.value
  throw new AppError('REQUEST_INVALID', 'the body is not valid', { violations: reading.violations })
}
