import { topicVariable } from '../platform/variables.ts'

/** The topic that dead letters are published to. */
export const deadLettersTopic = topicVariable({
  name: 'KAFKA_DLQ_TOPIC',
  preset: 'orders.dlq',
  meaning: 'topic that dead letters are published to',
  page: 'dead-letters.md',
})
