import type { KafkaConfig } from './config/kafka.ts'
import { createTopicConsumer } from './dead-letters/topic-consumer.ts'
import type { Consumption, Context, Messaging, Running, TopicHandler } from './module.ts'
import type { NewTopic } from './platform/kafka/admin.ts'
import type { KafkaCluster } from './platform/kafka/client.ts'
import { type ConsumerState, consume } from './platform/kafka/consumer.ts'
import { type ConsumerLag, createConsumerLag, mainLagGauge } from './platform/kafka/consumer-lag.ts'
import { createPublisher, type Publisher } from './platform/kafka/publisher.ts'
import type { OutgoingMessage } from './platform/kafka/record-batch.ts'
import { maintainTopics } from './platform/kafka/topics.ts'
import { about, traceBatches } from './platform/kafka/tracing.ts'
import type { Logger } from './platform/log.ts'
import type { Registry } from './platform/metrics.ts'
import type { Pool } from './platform/postgres.ts'
import { traceparentHeader } from './platform/traceparent.ts'
import { type Tracer, within } from './platform/tracing.ts'
import type { Values, Variable } from './platform/variables.ts'
import type { DependencyState, Probe } from './system/health.ts'

/** The service's side of Kafka: the topics of all modules are made and consumed, and modules send by it. */
export type KafkaMessaging = Messaging & {
  probe: Probe
  record(registry: Registry): void
  /** Consumes the topics of all modules, and makes those that are missing, until told to stop. */
  run(context: Context, stop: AbortSignal): Promise<void>
  /** Resolves when nothing more comes in by Kafka after `stop`. */
  consumed(): Promise<void>
  /** Closes all publishers. */
  close(): Promise<void>
}

const clientId = 'orders'
const partitionsOfNewTopics = 6
/** An order may have 1 MiB, and travels with headers; Kafka's own bound is 1 MiB for both. */
const messageBytesMax = 2 * 1024 * 1024
const sendDeadlineMs = 5_000

export type MessagingOptions = {
  kafka: KafkaConfig
  value: Values['value']
  tracer: Tracer | undefined
  log: Logger
}

/** Prepares Kafka; nothing connects before it is needed, and an outage of Kafka fails nothing else. */
export function createMessaging(options: MessagingOptions): KafkaMessaging {
  const { kafka, value, tracer, log } = options
  const cluster: KafkaCluster = { brokers: kafka.brokers, security: kafka.security }
  const publishers: Publisher[] = []
  const publish = (fencedAs?: string) => {
    const publisher = createPublisher({ ...cluster, clientId, ...(fencedAs === undefined ? {} : { fencedAs }), log })
    publishers.push(publisher)
    return publisher
  }
  const own = publish()
  const lag = createConsumerLag()
  const states = new Map<string, string>()
  let consuming: Promise<unknown> = Promise.resolve()
  return {
    probe: async () => stateOf(states),
    record: lag.record,
    messagesBehind: () => lag.messagesBehind(mainLagGauge),
    publisher: fencedAs => publish(`${kafka.groupId}_${fencedAs}`),
    send: (topic, message, cause) => sendWithin(tracer, own, value(topic), message, cause),
    async run({ modules, running, pool }, stop) {
      const topics = modules.flatMap(({ topics = [] }) => topics)
      consuming = Promise.all(
        topics.flatMap(({ variable, consumed }) => {
          if (consumed === undefined) return []
          const handler = handlerOf(running(), variable)
          return [consumeTopic({ ...options, pool, cluster, consumed, handler, states, lag }, stop)]
        }),
      )
      const names = topics.map(({ variable }) => value(variable))
      await Promise.all([consuming, maintainTopics(cluster, names.map(newTopic), log, stop)])
    },
    consumed: async () => void (await consuming),
    close: async () => void (await Promise.all(publishers.map(publisher => publisher.close()))),
  }
}

function newTopic(name: string): NewTopic {
  return { name, partitions: partitionsOfNewTopics, messageBytesMax }
}

/** @throws Error when no module handles the topic, which is a mistake in the list of modules */
function handlerOf(running: readonly Running[], topic: Variable<string>): TopicHandler {
  const handler = running.flatMap(({ handlers = [] }) => handlers).find(handler => handler.topic === topic)
  if (handler === undefined) throw new Error(`no module handles the messages of ${topic.name}`)
  return handler
}

async function sendWithin(
  tracer: Tracer | undefined,
  publisher: Publisher,
  topic: string,
  message: OutgoingMessage,
  cause: string | undefined,
): Promise<void> {
  const span = tracer?.begin(`send ${topic}`, {
    kind: 'producer',
    parent: cause,
    attributes: about('send', topic, 1),
  })
  const traceparent = span?.traceparent ?? cause
  const headers = traceparent === undefined ? [] : [[traceparentHeader, traceparent] as const]
  const traced = { ...message, headers: [...(message.headers ?? []), ...headers] }
  await within(span, () => publisher.send(topic, [traced], sendDeadlineMs))
}

function consumeTopic(
  options: MessagingOptions & {
    pool: Pool
    cluster: KafkaCluster
    consumed: Consumption
    handler: TopicHandler
    states: Map<string, string>
    lag: ConsumerLag
  },
  stop: AbortSignal,
): Promise<void> {
  const { kafka, value, tracer, log, cluster, consumed, handler: handling, states, lag } = options
  const { groupSuffix, lagGauge, ...bounds } = consumed
  const topic = value(handling.topic)
  const groupId = kafka.groupId + groupSuffix
  const handle = createTopicConsumer(handling.handler, { ...options, ...handling, stop })
  let state: ConsumerState = 'connecting'
  states.set(topic, state)
  return consume(
    {
      ...cluster,
      ...bounds,
      groupId,
      topic,
      clientId,
      handle: traceBatches(tracer, { topic, groupId }, handle),
      onState(next, detail) {
        if (next !== state) log.info({ topic, state: next, detail }, 'the Kafka consumer changed its state')
        state = next
        states.set(topic, next === 'consuming' ? next : `${next}${detail && `: ${detail}`}`)
      },
      ...(lagGauge === undefined ? {} : { onLag: lag.noteBy(lagGauge, handling.what) }),
      log,
    },
    stop,
  )
}

/** Up when every topic is consumed. */
function stateOf(states: ReadonlyMap<string, string>): DependencyState {
  const waiting = [...states].find(([, state]) => state !== 'consuming')
  if (states.size > 0 && waiting === undefined) return { state: 'up' }
  const [topic, state] = waiting ?? ['Kafka', 'not started']
  return { state: 'down', detail: `the consumer of ${topic} is ${state}` }
}
