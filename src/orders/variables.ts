import { integerVariable, topicVariable, type Variable } from '../platform/variables.ts'

/** The environment variables of orders. */

export const ordersTopic = topicVariable({
  name: 'KAFKA_TOPIC',
  preset: 'orders',
  meaning: 'topic that orders come in by',
})

export const commandsTopic = topicVariable({
  name: 'KAFKA_COMMANDS_TOPIC',
  preset: 'orders.commands',
  meaning: 'topic that commands to orders come in by',
})

export const cacheSizeBytesMax = integerVariable(
  { name: 'CACHE_MAX_BYTES', preset: '33554432', meaning: 'memory for cached orders, in bytes' },
  1024 * 1024,
  Number.MAX_SAFE_INTEGER,
)

const minutes = integerVariable(
  {
    name: 'UNPAID_EXPIRES_AFTER_MINUTES',
    preset: '1440',
    meaning: 'how long an order waits for its payment; 0: for ever',
  },
  0,
  5_256_000,
)

/** How long an order waits for its payment, in milliseconds; undefined: for ever. */
export const unpaidExpiresAfterMs: Variable<number | undefined> = {
  ...minutes,
  read: given => minutes.read(given) * 60_000 || undefined,
}
