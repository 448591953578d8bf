import { setTimeout as sleep } from 'node:timers/promises'

/** A field-by-field server-sent event; comments and `retry` are left out. */
export type Frame = { id: string | undefined; event: string | undefined; data: string | undefined }

/** What reads the body of an answer. */
export type BodyReader = {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>
  cancel(): Promise<void>
}

/** Yields the complete frames of a stream; one that is cut off is left out. */
export async function* framesOf(reader: BodyReader): AsyncGenerator<Frame> {
  const decoder = new TextDecoder()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const frames = (rest + decoder.decode(value, { stream: true })).split('\n\n')
    rest = frames.pop() ?? ''
    yield* frames.map(readFrame)
  }
}

function readFrame(frame: string): Frame {
  const fields = new Map(
    frame.split('\n').map(line => {
      const colon = line.indexOf(': ')
      return [line.slice(0, colon), line.slice(colon + 2)]
    }),
  )
  return { id: fields.get('id'), event: fields.get('event'), data: fields.get('data') }
}

/** An event as a follower got it. */
export type Followed = { id: string; type: string; order_uid: string; sequence: number }

export type Follower = {
  /** Everything that came, over all connections. */
  readonly events: readonly Followed[]
  /** The last id that came, which it comes back with; empty before the first. */
  cursor(): string
  /** The number of connections made. */
  connections(): number
  /** Drops the connection abruptly; it reconnects by itself. */
  breakOff(): void
  stop(): Promise<void>
}

/** A follower whose connection broke comes back after so long. */
const againMs = 20

/**
 * Follows events as a browser does: when the stream ends or breaks it comes back with the last id that it has.
 *
 * @param address where they are; asked for at each connection, since a service that is started again has another
 */
export function followEvents(address: () => string, lastEventId = ''): Follower {
  const events: Followed[] = []
  let cursor = lastEventId
  let connections = 0
  let connection = new AbortController()
  let isStopped = false

  async function followOnce(): Promise<void> {
    const headers = { accept: 'text/event-stream', ...(cursor === '' ? {} : { 'last-event-id': cursor }) }
    const response = await fetch(address(), { headers, signal: connection.signal })
    if (response.status !== 200 || response.body === null) throw new Error(`${response.status}`)
    connections += 1
    for await (const { id, data } of framesOf(response.body.getReader())) {
      // What arrives after the reader has stopped is dropped.
      if (connection.signal.aborted) return
      cursor = id ?? cursor
      if (data !== undefined) events.push(JSON.parse(data))
    }
  }

  const following = (async () => {
    while (!isStopped) {
      connection = new AbortController()
      await followOnce().catch(() => undefined)
      if (!isStopped) await sleep(againMs)
    }
  })()
  return {
    events,
    cursor: () => cursor,
    connections: () => connections,
    breakOff: () => connection.abort(),
    stop() {
      isStopped = true
      connection.abort()
      return following
    },
  }
}
