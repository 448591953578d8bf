import { createTopicConsumer, type TopicConsumerOptions } from '../src/dead-letters/topic-consumer.ts'
import { createCommandHandler } from '../src/orders/command-handler.ts'
import type { CarryOut } from '../src/orders/commands.ts'
import type { Intake } from '../src/orders/intake.ts'
import { createOrderHandler } from '../src/orders/order-handler.ts'
import type { HandleBatch } from '../src/platform/kafka/tracing.ts'
import type { Pool } from '../src/platform/postgres.ts'
import { testLog } from './kafka.ts'

type Options = { pool: Pool } & Partial<TopicConsumerOptions>

const defaults = { log: testLog, stop: new AbortController().signal }

/** The consumer of orders, without Kafka: it is given batches by the test. */
export function consumerOfOrders({ intake, ...options }: Options & { intake: Intake }): HandleBatch {
  return createTopicConsumer(createOrderHandler({ intake }), { ...defaults, what: 'orders', ...options })
}

/** The consumer of commands in the same way. */
export function consumerOfCommands({ carryOut, ...options }: Options & { carryOut: CarryOut }): HandleBatch {
  return createTopicConsumer(createCommandHandler(carryOut), { ...defaults, what: 'commands', ...options })
}
