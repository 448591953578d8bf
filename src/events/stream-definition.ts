import type { Pool } from '../platform/postgres.ts'
import type { NewestRead } from './newest-read.ts'

/** The streams that other streams' events may concern, and that the log's table takes an event to be of unless it says otherwise. */
export const orderStreamType = 'order'

/** What a stream is called. */
export type StreamName = { streamType: string; streamId: string }

/** A stream's name as one text: ids have no slash. */
export function streamKey({ streamType, streamId }: StreamName): string {
  return `${streamType}/${streamId}`
}

/** What an event is read with. */
export type StreamFacts = {
  /** The customer of the stream; null when it has none, or is no longer there. */
  customerId: string | null
  /** The stream's document; null when it is not there, or was not asked for. */
  document: string | null
}

/** A stream whose facts are wanted, with its document or without. */
export type WantedFacts = { streamId: string; withDocument: boolean }

/**
 * A kind of stream, as its module describes it. The log itself reads no table but its own.
 *
 * An event belongs to the customer of the order that it concerns, and elsewhere to the customer of its stream.
 */
export type StreamDefinition = Readonly<{
  /** Such as `order`. */
  type: string
  /** SQL that selects every stream that there is: its `stream_id`, its `version` (the sequence of its last event) and `updated_at`. */
  heads: string
  /** Where a stream can be read, for an event that is too large to be published with its data. */
  addressOf(streamId: string): string
  /** The type of event that carries the stream's document: it is stored once, with the stream, and put before the event's own data. */
  documentIn?: string
  /** The data of that event without who received it. */
  withoutRecipient?(data: string): string
  /**
   * The facts of streams, in their order; fewer than asked for when their documents exceed `bytesMax`, and one at least.
   * Without it nothing is known of a stream.
   */
  fetchFacts?(pool: Pool, wanted: readonly WantedFacts[], bytesMax: number): Promise<StreamFacts[]>
  /** The same from memory, where it is there. */
  recallFacts?(streamId: string): StreamFacts | undefined
  /** The streams of a customer; undefined when there are more than `streamsMax`. Without it no stream is a customer's. */
  findStreamsOf?(pool: Pool, customerId: string, streamsMax: number): Promise<string[] | undefined>
}>

/** The log, and what is needed to read it; `newest` notes what was read. */
export type EventLog = Readonly<{
  pool: Pool
  streams: readonly StreamDefinition[]
  newest: NewestRead
  /** Whether Kafka and webhooks carry its events without recipients (EVENTS_RECIPIENT). */
  omitsRecipients?: boolean
}>
