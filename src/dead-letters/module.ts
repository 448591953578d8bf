import type { Module } from '../module.ts'
import { deadLetterChecks } from './dead-letter-checks.ts'
import { deadLetterChannel } from './messages.ts'
import { deadLettersTopic } from './variables.ts'

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
  topics: [{ name: 'dead letters out', variable: deadLettersTopic, direction: 'out', channel: deadLetterChannel }],
  checks: deadLetterChecks,
  tags: { 'dead letters': 'Messages that could not be processed: inspected, replayed, discarded' },
}
