import { traceparentOf } from '../traceparent.ts'
import { type Attributes, type Tracer, within } from '../tracing.ts'
import type { KafkaMessage } from './client.ts'

/**
 * Handles a batch of messages.
 *
 * @param traceparent the trace of messages that have none of their own
 */
export type HandleBatch = (messages: readonly KafkaMessage[], traceparent?: string) => Promise<void>

/**
 * Wraps each batch of a topic in a span, which links to the traces of its messages. Where none of them has a sampled trace, the batch
 * begins one, if the sampler says so, and messages without a trace become part of it.
 */
export function traceBatches(
  tracer: Tracer | undefined,
  { topic, groupId }: { topic: string; groupId: string },
  handle: HandleBatch,
): HandleBatch {
  if (tracer === undefined) return handle
  return messages => {
    const options = {
      kind: 'consumer',
      attributes: { ...about('process', topic, messages.length), 'messaging.consumer.group.name': groupId },
    } as const
    const name = `process ${topic}`
    const theirs = tracer.beginFor(
      name,
      messages.map(({ headers }) => traceparentOf(headers)),
      options,
    )
    if (theirs !== undefined) return within(theirs, () => handle(messages))
    const own = tracer.begin(name, options)
    return within(own, () => handle(messages, own.isSampled ? own.traceparent : undefined))
  }
}

/** Returns the attributes of messages by the conventions. @param operation `process` or `send` */
export function about(operation: 'process' | 'send', topic: string, messages: number): Attributes {
  return {
    'messaging.system': 'kafka',
    'messaging.operation.name': operation,
    'messaging.operation.type': operation,
    'messaging.destination.name': topic,
    // By the conventions a single message is not a batch.
    ...(messages > 1 ? { 'messaging.batch.message_count': messages } : {}),
  }
}
