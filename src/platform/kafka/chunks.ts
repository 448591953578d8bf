import type { MessageToProduce } from '@platformatic/kafka'

/** One message to send; the same key always goes to the same partition, no key to any. */
export type OutgoingMessage = {
  readonly key: string | Buffer | null
  /** null is a tombstone. */
  readonly value: string | Buffer | null
  readonly headers?: ReadonlyArray<readonly [name: string | Buffer, value: string | Buffer | null]>
}

/** A message as the client library takes it. */
export type Outgoing = MessageToProduce<Buffer, Buffer, Buffer, Buffer>

/**
 * The broker counts a whole record batch against `message.max.bytes` (1 MiB unless set), and a request holds one batch
 * per partition; so this many bytes go to a partition at once. Two requests are never under way: a broker may store
 * them in another order.
 */
const partitionBytesMax = 900_000
const requestBytesMax = 8_000_000
const recordOverheadBytes = 32

/**
 * Cuts messages into requests that the broker takes, in their order.
 *
 * @param partitionOf chooses the partition of a message by its key
 */
export function* chunked(
  topic: string,
  messages: readonly OutgoingMessage[],
  partitionOf: (key: Buffer | null | undefined) => number,
): Generator<Outgoing[]> {
  let chunk: Outgoing[] = []
  let bytes = 0
  let partitionBytes: number[] = []
  for (const message of messages) {
    const outgoing = toOutgoing(topic, message)
    const partition = partitionOf(outgoing.key)
    outgoing.partition = partition
    const size = sizeOf(outgoing)
    const partitionFull = (partitionBytes[partition] ?? 0) + size > partitionBytesMax
    if (chunk.length > 0 && (partitionFull || bytes + size > requestBytesMax)) {
      yield chunk
      chunk = []
      bytes = 0
      partitionBytes = []
    }
    chunk.push(outgoing)
    bytes += size
    partitionBytes[partition] = (partitionBytes[partition] ?? 0) + size
  }
  if (chunk.length > 0) yield chunk
}

function toOutgoing(topic: string, { key, value, headers }: OutgoingMessage): Outgoing {
  // The library takes headers as a map; names as separate buffers keep a name that occurs twice.
  const map = new Map<Buffer, Buffer>()
  for (const [name, content] of headers ?? []) map.set(bytesOf(name), nullable(content))
  return { topic, key: nullable(key), value: nullable(value), headers: map }
}

function sizeOf({ key, value, headers }: Outgoing): number {
  let bytes = recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0)
  if (headers instanceof Map) for (const [name, content] of headers) bytes += name.length + (content?.length ?? 0) + 4
  return bytes
}

function bytesOf(text: string | Buffer): Buffer {
  return typeof text === 'string' ? Buffer.from(text) : text
}

/** The library's types know no null, its protocol code does: null is written as the protocol's null. */
function nullable(text: string | Buffer | null): Buffer {
  return text === null ? (null as unknown as Buffer) : bytesOf(text)
}
