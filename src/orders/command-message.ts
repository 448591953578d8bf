import { type Static, type TSchema, Type } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import type { Violation } from '../errors.ts'
import { orderUidForm } from './document.ts'

/** A text for people; characters that PostgreSQL cannot keep are refused like any other violation. */
const remark = (charactersMax: number, description: string) =>
  Type.Optional(Type.String({ maxLength: charactersMax, pattern: '^[^\\0\\ud800-\\udfff]*$', description }))

/** Why, and who asks: what every command carries. */
export const commandRemarks = {
  reason: remark(500, 'Why; for people'),
  actor: remark(200, 'Who asks'),
}

/** A command as a Kafka message. */
export const commandMessage = Type.Object(
  {
    command_id: Type.String({
      pattern: '^[\\x21-\\x7e]{1,200}$',
      description: 'A command that comes again has no effect',
    }),
    order_uid: Type.String({ pattern: orderUidForm.source }),
    command: Type.Enum(['confirm', 'hold', 'complete', 'cancel']),
    version: Type.Optional(Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1, description: 'That the order must have' })),
    ...commandRemarks,
  },
  { additionalProperties: false },
)

export type CommandMessage = Static<typeof commandMessage>

const contract = Compile(commandMessage)

/** Reads a command from the bytes of a message; never throws for bad input. */
export function readCommandMessage(bytes: Uint8Array | null): JsonReading<CommandMessage> {
  return readJson(contract, bytes ?? new Uint8Array(0), 'must be well-formed JSON')
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
