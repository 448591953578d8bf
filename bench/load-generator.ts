import type { Socket } from 'bun'
import { percentile } from './figures.ts'
import type { Load, LoadResult } from './load.ts'
import { checkOut } from './load-checkouts.ts'
import { type EncodedRequest, getRequests, payRequests, postRequests, type Sequence } from './load-requests.ts'

/**
 * A program: reads a `Load` from standard input, puts it on a server and writes a `LoadResult`. It does as little as
 * possible for a request, because it shares the machine with what it measures: requests are encoded ahead, and of an
 * answer it looks at the status and the length.
 */

type Connection = {
  sentMs: number
  kind: number | undefined
  /** Requests that follow each other, and what came of the answer to the last one. */
  sequence: Sequence | undefined
  answer: Buffer[]
  isFollowed: boolean
  isRead: boolean
  /** Of the answer: bytes that came, and bytes that it has; 0 until its head was read. */
  received: number
  expected: number
  isSuccess: boolean
  /** Bytes that the socket did not accept at once. */
  unsent: Uint8Array | undefined
}

const answerDeadlineMs = 5_000
const load = (await Bun.stdin.json()) as Load
const headers = Object.entries(load.headers ?? {})
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('')
const nextRequest = requestsOf(load.requests)

function requestsOf(requests: Load['requests']): (connection: Connection) => EncodedRequest {
  if (requests.kind === 'get') return getRequests(requests.paths, headers)
  if (requests.kind === 'check-out') return connection => nextOf(connection, () => checkOut(headers, requests.items))
  return requests.kind === 'post-orders' ? postRequests(headers) : payRequests(headers)
}

/** The next request of the sequence of a connection; a new one begins behind a failure. */
function nextOf(connection: Connection, begin: () => Sequence): EncodedRequest {
  if (!connection.isSuccess) connection.sequence = undefined
  connection.sequence ??= begin()
  const { answer } = connection
  if (answer.length === 0) return connection.sequence.next('').value
  const whole = (answer.length === 1 ? answer[0] : Buffer.concat(answer)) ?? Buffer.alloc(0)
  connection.answer = []
  return connection.sequence.next(whole.toString('utf8', whole.indexOf('\r\n\r\n') + 4)).value
}

/** The length of the whole response to each kind of request, once one was seen. */
const lengths: number[] = []
const failures: Record<string, number> = {}
let latencies = new Float32Array(1 << 20)
let measured = 0
let succeeded = 0
let underWay = 0
let isSending = true
let isMeasuring = false
const idle: Socket<Connection>[] = []

function send(socket: Socket<Connection>): void {
  const connection = socket.data
  const isContinued = connection.isFollowed && connection.isSuccess
  const { bytes, kind, isFollowed = false, isRead = false } = nextRequest(connection)
  connection.kind = kind
  connection.isFollowed = isFollowed
  connection.isRead = isRead
  connection.received = 0
  connection.expected = 0
  if (!isContinued) connection.sentMs = performance.now()
  underWay += 1
  const written = socket.write(bytes)
  if (written < bytes.byteLength) connection.unsent = bytes.slice(Math.max(written, 0))
}

function receive(socket: Socket<Connection>, chunk: Buffer): void {
  const connection = socket.data
  connection.received += chunk.byteLength
  if (connection.isRead) connection.answer.push(Buffer.from(chunk))
  if (connection.expected === 0) readHead(connection, chunk)
  if (connection.received < connection.expected) return
  const receivedMs = performance.now()
  underWay -= 1
  if (connection.isSuccess && !connection.isFollowed) {
    succeeded += 1
    if (isMeasuring) {
      if (measured === latencies.length) {
        const longer = new Float32Array(measured * 2)
        longer.set(latencies)
        latencies = longer
      }
      latencies[measured++] = receivedMs - connection.sentMs
    }
  }
  if (!isSending) return
  if (load.ratePerSecond === undefined) send(socket)
  else idle.push(socket)
}

/** The first piece of an answer holds its head: servers send it in one piece. */
function readHead(connection: Connection, chunk: Buffer): void {
  connection.isSuccess = chunk[9] === 0x32 // The 2 of `HTTP/1.1 200`.
  if (connection.isSuccess && connection.kind !== undefined) connection.expected = lengths[connection.kind] ?? 0
  if (connection.expected !== 0) return
  const headLength = chunk.indexOf('\r\n\r\n') + 4
  const head = chunk.toString('latin1', 0, headLength)
  const bodyLength = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  if (headLength < 4 || bodyLength === undefined) throw new Error(`an answer cannot be read: ${head}`)
  connection.expected = headLength + Number(bodyLength)
  if (!connection.isSuccess) fail(`status ${head.slice(9, 12)}`)
  else if (connection.kind !== undefined) lengths[connection.kind] = connection.expected
}

function fail(kind: string): void {
  failures[kind] = (failures[kind] ?? 0) + 1
}

const sockets = await Promise.all(
  Array.from({ length: load.connections }, () =>
    Bun.connect<Connection>({
      hostname: '127.0.0.1',
      port: load.port,
      data: {
        ...{ sentMs: 0, kind: 0, received: 0, expected: 0, isSuccess: false, unsent: undefined },
        ...{ sequence: undefined, answer: [], isFollowed: false, isRead: false },
      },
      socket: {
        data: receive,
        drain(socket) {
          const { unsent } = socket.data
          if (unsent === undefined) return
          const written = socket.write(unsent)
          socket.data.unsent = written < unsent.byteLength ? unsent.slice(Math.max(written, 0)) : undefined
        },
        close: () => {
          if (isSending) fail('a closed connection')
        },
        error: (_socket, error) => fail(error.message),
      },
    }),
  ),
)

/** Sends at the asked rate, from the connections that are free in turn: a server closes those that are never used. */
function pace(perSecond: number): Timer {
  const startedMs = performance.now()
  let sent = 0
  idle.push(...sockets)
  return setInterval(() => {
    const due = Math.floor(((performance.now() - startedMs) / 1000) * perSecond)
    for (; sent < due; sent++) {
      const socket = idle.shift()
      if (socket === undefined) break
      send(socket)
    }
  }, 1)
}

const pacing = load.ratePerSecond === undefined ? undefined : pace(load.ratePerSecond)
if (pacing === undefined) for (const socket of sockets) send(socket)
await Bun.sleep(load.warmUpSeconds * 1000)
const processor = process.cpuUsage()
const startedMs = performance.now()
isMeasuring = true
await Bun.sleep(load.seconds * 1000)
const seconds = (performance.now() - startedMs) / 1000
const { user, system } = process.cpuUsage(processor)
const inTime = measured
isSending = false
clearInterval(pacing)
for (const deadline = performance.now() + answerDeadlineMs; underWay > 0 && performance.now() < deadline; ) {
  await Bun.sleep(5)
}
if (underWay > 0) failures['no answer'] = underWay

const sorted = latencies.subarray(0, measured).sort()
const result: LoadResult = {
  perSecond: inTime / seconds,
  p50Ms: percentile(sorted, 0.5),
  p99Ms: percentile(sorted, 0.99),
  maxMs: percentile(sorted, 1),
  succeeded,
  failures,
  generatorCores: (user + system) / 1e6 / seconds,
}
process.stdout.write(JSON.stringify(result), () => process.exit(0))
