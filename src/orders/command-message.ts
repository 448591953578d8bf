import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { type JsonReading, readJson } from '../platform/json.ts'
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
