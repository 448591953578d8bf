import type { Context, Module, Running } from '../module.ts'
import { declareApi } from '../module-api.ts'
import { createDeadLetterCommands, type DeadLetterCommands } from './commands.ts'
import { deadLetterChecks } from './dead-letter-checks.ts'
import { eraseDeadLetters } from './erasing.ts'
import { exportDeadLetters } from './exporting.ts'
import { deadLetterChannel } from './messages.ts'
import { recordDeadLetterCounts } from './metrics.ts'
import { publishDeadLetters } from './publishing.ts'
import { deadLetterRoutes } from './routes.ts'
import { deadLettersTopic } from './variables.ts'

export const deadLettersApi = declareApi<{ commands: DeadLetterCommands }>('dead-letters')

/** Messages that could not be processed: kept with the reason, replayed, or discarded. */
export const deadLettersModule: Module = {
  name: 'dead-letters',
  title: 'Dead letters',
  tables: [
    { name: 'dead_letters', order: 'id' },
    { name: 'dead_letter_history', order: 'letter_id, attempt' },
    { name: 'dead_letter_counts', leftOut: 'the database counts dead letters as they are stored' },
    {
      name: 'message_tries',
      leftOut: 'which Kafka messages are being handled at the moment; after a restore none is',
    },
  ],
  topics: [{ name: 'dead letters out', variable: deadLettersTopic, channel: deadLetterChannel }],
  erase: {
    columns: {
      dead_letters: ['message_value', 'headers', 'violations'],
      dead_letter_history: ['edited_value', 'violations'],
      dead_letter_counts: [],
      message_tries: [],
    },
    steps: [eraseDeadLetters],
  },
  exports: {
    dead_letters: { search: exportDeadLetters },
    dead_letter_history: { within: 'dead_letters' },
    dead_letter_counts: { leftOut: 'counts of all' },
    message_tries: { leftOut: 'messages that are handled at this moment' },
  },
  checks: deadLetterChecks,
  tags: { 'dead letters': 'Messages that could not be processed: inspected, replayed, discarded' },
  start,
}

function start(context: Context): Running {
  const { pool, now, log, registry, running, value } = context
  recordDeadLetterCounts(registry, pool)
  const handlers = () => running().flatMap(({ handlers = [] }) => handlers.map(({ handler }) => handler))
  const commands = createDeadLetterCommands({ pool, handlers, now })
  deadLettersApi.offer(context, { commands })
  const topic = value(deadLettersTopic)
  return {
    routes: deadLetterRoutes({ pool, commands, log }),
    publish: (publisher, lease) => publishDeadLetters({ pool, publisher, topic }, lease),
  }
}
