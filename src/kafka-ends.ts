import type { App } from './app.ts'
import type { KafkaConfig } from './config/kafka.ts'
import { deadLettersTopic } from './dead-letters/variables.ts'
import type { Notifier } from './events/notifier.ts'
import { runRelay } from './events/relay.ts'
import { eventsTopic } from './events/variables.ts'
import { modules } from './modules.ts'
import { createTopicConsumer } from './dead-letters/topic-consumer.ts'
import type { OrderDocument } from './orders/document.ts'
import { commandsTopic, ordersTopic } from './orders/variables.ts'
import type { NewTopic } from './platform/kafka/admin.ts'
import type { KafkaCluster } from './platform/kafka/client.ts'
import { type ConsumerState, consume } from './platform/kafka/consumer.ts'
import { createPublisher } from './platform/kafka/publisher.ts'
import { maintainTopics } from './platform/kafka/topics.ts'
import { about, traceBatches } from './platform/kafka/tracing.ts'
import type { Logger } from './platform/log.ts'
import type { Pool, PostgresAddress } from './platform/postgres.ts'
import { traceparentHeader } from './platform/traceparent.ts'
import { type Tracer, within } from './platform/tracing.ts'
import type { Values } from './platform/variables.ts'
import type { DependencyState, Probe } from './system/health.ts'

/** The two ends of the service in Kafka: orders and commands come in, events and dead letters go out. */
export type KafkaEnds = {
  probe: Probe
  /** Sends an order into the topic that orders come in by. */
  sendOrder(order: OrderDocument, traceparent: string | undefined): Promise<void>
  /** Runs both ends until they are stopped. */
  run(options: {
    app: App
    pool: Pool
    address: PostgresAddress
    logGrown: Notifier
    stopConsuming: AbortSignal
    stopRelaying: AbortSignal
  }): Promise<void>
  /** Resolves when no more orders come in by Kafka after `stopConsuming`. */
  consumed(): Promise<void>
  close(): Promise<void>
}

const clientId = 'orders'
const partitionsOfNewTopics = 6
/** An order may have 1 MiB, and travels with headers; Kafka's own bound is 1 MiB for both. */
const messageBytesMax = 2 * 1024 * 1024
const sendDeadlineMs = 5_000

/** What keeps the database busy and no more: messages that wait are memory. */
const batchMessagesMax = 1_000
const backlogBytesMax = 4 * 1024 * 1024

/** Prepares the Kafka ends; nothing connects before it is needed, and no outage of Kafka fails anything but them. */
export function startKafkaEnds(
  config: KafkaConfig,
  value: Values['value'],
  tracer: Tracer | undefined,
  log: Logger,
): KafkaEnds {
  const cluster: KafkaCluster = { brokers: config.brokers, security: config.security }
  const relayPublisher = createPublisher({ ...cluster, clientId, fencedAs: `${config.groupId}_relay`, log })
  const orderPublisher = createPublisher({ ...cluster, clientId, log })
  let state: ConsumerState = 'connecting'
  let reason = ''
  let consuming: Promise<void> = Promise.resolve()
  return {
    async probe(): Promise<DependencyState> {
      if (state === 'consuming') return { state: 'up' }
      return { state: 'down', detail: `the consumer is ${state}${reason && `: ${reason}`}` }
    },
    async sendOrder(order, cause) {
      const topic = value(ordersTopic)
      const span = tracer?.begin(`send ${topic}`, {
        kind: 'producer',
        parent: cause,
        attributes: about('send', topic, 1),
      })
      const traceparent = span?.traceparent ?? cause
      const headers = traceparent === undefined ? [] : [[traceparentHeader, traceparent] as const]
      const message = { key: order.order_uid, value: JSON.stringify(order), headers }
      await within(span, () => orderPublisher.send(topic, [message], sendDeadlineMs))
    },
    async run({ app, pool, address, logGrown, stopConsuming, stopRelaying }) {
      const consumer = { pool, log, stop: stopConsuming }
      const count = (outcome: string, messages: number) => app.orderMetrics.count('kafka', outcome, messages)
      const handleOrders = createTopicConsumer(app.handlers.orders, { ...consumer, what: 'orders', count })
      const handleCommands = createTopicConsumer(app.handlers.commands, { ...consumer, what: 'commands' })
      const commandsGroupId = `${config.groupId}_commands`
      const taking = consume(
        {
          ...cluster,
          groupId: config.groupId,
          topic: value(ordersTopic),
          batchMessagesMax,
          backlogBytesMax,
          clientId,
          handle: traceBatches(tracer, { topic: value(ordersTopic), groupId: config.groupId }, handleOrders),
          onState: (next, detail) => {
            if (next !== state) log.info({ state: next, detail }, 'the Kafka consumer changed its state')
            state = next
            reason = detail
          },
          onLag: app.eventMetrics.consumerLag,
          log,
        },
        stopConsuming,
      )
      const obeying = consume(
        {
          ...cluster,
          groupId: commandsGroupId,
          topic: value(commandsTopic),
          clientId,
          // One batch at a time: two could have commands to the same order.
          batchesInFlightMax: 1,
          batchMessagesMax: 200,
          handle: traceBatches(tracer, { topic: value(commandsTopic), groupId: commandsGroupId }, handleCommands),
          log,
        },
        stopConsuming,
      )
      const relaying = runRelay(
        {
          events: app.eventLog,
          address,
          publisher: relayPublisher,
          eventsTopic: value(eventsTopic),
          deadLettersTopic: value(deadLettersTopic),
          logGrown,
          throttle: app.feed.throttle,
          onPublished: app.eventMetrics.published,
          tracer,
          log,
        },
        stopRelaying,
      )
      consuming = Promise.all([taking, obeying]).then(() => undefined)
      await Promise.all([consuming, relaying, maintainTopics(cluster, topicsOf(value), log, stopConsuming)])
    },
    consumed: () => consuming,
    async close() {
      await Promise.all([relayPublisher.close(), orderPublisher.close()])
    },
  }
}

function topicsOf(value: Values['value']): NewTopic[] {
  const names = modules.flatMap(({ topics = [] }) => topics.map(({ variable }) => value(variable)))
  return names.map(name => ({ name, partitions: partitionsOfNewTopics, messageBytesMax }))
}
