import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { type JsonReading, readJson, remarks } from '../platform/json.ts'
import type { CommandRequest } from './command-request.ts'
import { orderUidForm } from './document.ts'
import { requestedCommands } from './lifecycle.ts'

/** A command as a Kafka message. */
export const commandMessage = Type.Object(
  {
    command_id: Type.String({
      pattern: '^[\\x21-\\x7e]{1,200}$',
      description: 'A repeated command has no effect',
    }),
    order_uid: Type.String({ pattern: orderUidForm.source }),
    command: Type.Enum([...requestedCommands]),
    version: Type.Optional(Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1, description: 'That the order must have' })),
    ...remarks,
  },
  { title: 'Command', additionalProperties: false },
)

export type CommandMessage = Static<typeof commandMessage>

const contract = Compile(commandMessage)

/** Reads a command from the bytes of a message; never throws for bad input. */
export function readCommandMessage(bytes: Uint8Array | null): JsonReading<CommandMessage> {
  return readJson(contract, bytes ?? new Uint8Array(0), { expected: 'must be well-formed JSON' })
}

/** The request that a command message makes. */
export function toRequest({
  order_uid: orderUid,
  command,
  reason,
  actor,
  command_id,
  version,
}: CommandMessage): CommandRequest {
  return {
    orderUid,
    command,
    reason: reason ?? '',
    actor: actor ?? 'kafka',
    commandId: command_id,
    ...(version === undefined ? {} : { expectedVersions: [version] }),
  }
}
