import { type Static, type TSchema, Type } from 'typebox'
import type { Validator } from 'typebox/compile'
import { AppError, type Violation } from '../errors.ts'
import { readBody, requireMediaType } from './http.ts'

/** A text for people; characters that PostgreSQL cannot keep are refused like any other violation. */
const remark = (charactersMax: number, description: string) =>
  Type.String({ maxLength: charactersMax, pattern: '^[^\\0\\ud800-\\udfff]*$', description })

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
 */
export function readJson<Schema extends TSchema>(
  contract: Validator<Record<never, never>, Schema>,
  bytes: Uint8Array,
  expected: string,
): JsonReading<Static<Schema>> {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return { kind: 'refused', violations: [{ pointer: '', detail: expected }] }
  }
  if (contract.Check(value)) return { kind: 'value', value: value as Static<Schema> }
  const violations = contract.Errors(value).map(error => ({ pointer: error.instancePath, detail: error.message }))
  return { kind: 'refused', violations }
}

/**
 * Reads the body of a request as JSON that keeps a schema.
 *
 * @param options expected: what is said of a body that is no JSON; absent: what a request without a body means, if it may
 *   have none
 * @throws AppError REQUEST_INVALID with every violation, BODY_TOO_LARGE or MEDIA_TYPE_UNSUPPORTED
 */
export async function readJsonBody<Schema extends TSchema>(
  request: Request,
  contract: Validator<Record<never, never>, Schema>,
  options: { sizeBytesMax: number; expected: string; absent?: Static<Schema> },
): Promise<Static<Schema>> {
  requireMediaType(request, ['application/json'])
  const bytes = await readBody(request, options.sizeBytesMax)
  if (bytes.byteLength === 0 && options.absent !== undefined) return options.absent
  const reading = readJson(contract, bytes, options.expected)
  if (reading.kind === 'value') return reading.value
  throw new AppError('REQUEST_INVALID', 'the body is not valid', { violations: reading.violations })
}
