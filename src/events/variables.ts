import { choiceVariable, integerVariable, topicVariable, type Variable } from '../platform/variables.ts'

/** The environment variables of the event log. */

export const eventsTopic = topicVariable({
  name: 'KAFKA_EVENTS_TOPIC',
  preset: 'orders.events',
  meaning: 'topic that events are published to',
})

const days = integerVariable(
  {
    name: 'EVENTS_RETENTION_DAYS',
    preset: '0',
    meaning: 'how long events stay in the log, in days; 0: for ever',
    page: 'event-log.md',
  },
  0,
  36_500,
)

/** How many days events stay in the log at least; undefined: for ever. */
export const retentionDays: Variable<number | undefined> = { ...days, read: given => days.read(given) || undefined }

/** Whether Kafka and webhooks carry recipients. */
export const eventsRecipient = choiceVariable(
  {
    name: 'EVENTS_RECIPIENT',
    preset: 'include',
    meaning: 'whether events on Kafka and by webhooks carry who receives an order: include or omit',
    page: 'customers.md',
  },
  ['include', 'omit'],
)
