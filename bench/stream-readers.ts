import type { StreamReaders, StreamReadersResult } from './streams.ts'

/**
 * A program: reads `StreamReaders` from standard input, follows the events of a server on many connections, writes a line
 * when all have begun, and a `StreamReadersResult` as soon as each has had all events that were asked for. It does as little
 * as possible with what comes, because it shares the machine with what it measures: an event ends with an empty line, and no
 * other line of a stream is empty but those behind the greeting and a sign of life every 15 seconds.
 */

type Reader = { frames: number; endedWithNewline: boolean; tail: string }

const newline = 10
const signOfLife = /: (alive|connected)\n\n/g
const { port, readers, after, events, measuresDelays } = (await Bun.stdin.json()) as StreamReaders
const all: Reader[] = []
const delaysMs: number[] = []
const begun = Promise.withResolvers<void>()
const finished = Promise.withResolvers<void>()
let waitingToBegin = readers
let unfinished = readers
let firstAtMs = 0

function receive(reader: Reader, chunk: Buffer): void {
  const before = reader.frames
  const nowMs = Date.now()
  if (reader.endedWithNewline && chunk[0] === newline) reader.frames += 1
  for (let at = chunk.indexOf('\n\n'); at >= 0; at = chunk.indexOf('\n\n', at + 2)) reader.frames += 1
  reader.endedWithNewline = chunk.at(-1) === newline
  if (measuresDelays) measure(reader, chunk.toString('latin1'), nowMs)
  else if (chunk.byteLength < 100) reader.frames -= chunk.toString('latin1').match(signOfLife)?.length ?? 0
  if (before < 0 && reader.frames >= 0 && --waitingToBegin === 0) begun.resolve()
  if (firstAtMs === 0 && reader.frames > 0) firstAtMs = performance.now()
  if (before < events && reader.frames >= events && --unfinished === 0) finished.resolve()
}

/** The time of an event comes before its data, at the beginning of its frame. */
function measure(reader: Reader, text: string, nowMs: number): void {
  const known = reader.tail + text
  const frames = known.split('\n\n')
  reader.tail = (frames.pop() ?? '').slice(0, 1_000)
  for (const frame of frames) {
    const time = /"sequence":\d+,"time":"([^"]+)"/.exec(frame.slice(0, 1_000))?.[1]
    if (time === undefined) reader.frames -= frame.includes(': alive') ? 1 : 0
    else delaysMs.push(nowMs - Date.parse(time))
  }
}

const cursor = after === undefined ? '' : `Last-Event-ID: ${after}\r\n`
for (let number = 0; number < readers; number += 1) {
  // The greeting is a frame as well.
  const reader: Reader = { frames: -1, endedWithNewline: false, tail: '' }
  all.push(reader)
  await Bun.connect({
    hostname: '127.0.0.1',
    port,
    socket: {
      open: socket => {
        socket.write(
          `GET /api/events HTTP/1.1\r\nHost: localhost:${port}\r\nAccept: text/event-stream\r\n${cursor}\r\n`,
        )
      },
      data: (_, chunk) => receive(reader, chunk),
      close: () => finished.reject(new Error('a stream ended')),
      error: (_, error) => finished.reject(error),
    },
  })
}
await begun.promise
process.stdout.write('begun\n')
await finished.promise
const seconds = (performance.now() - firstAtMs) / 1000
const usage = process.cpuUsage()
const result: StreamReadersResult = { seconds, delaysMs, processorSeconds: (usage.user + usage.system) / 1e6 }
process.stdout.write(JSON.stringify(result))
process.exit(0)
