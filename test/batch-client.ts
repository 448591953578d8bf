import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/**
 * Sends a batch over a plain socket, so that the test and not a client library decides when answers are read.
 *
 * @param options lines: without their ends, made while they are sent; readsLate: take no answer before everything is sent
 * @returns the answers, line by line, as they come
 */
export async function* sendBatch(options: {
  url: string
  lines: Iterable<Buffer>
  readsLate?: boolean
}): AsyncGenerator<string> {
  const { hostname, port } = new URL(options.url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  const received = options.readsLate ? undefined : chunksOf(socket)
  const sending = send(socket, options.lines)
  if (options.readsLate) await sending
  const body = withoutHead(received ?? chunksOf(socket))
  let rest = ''
  const decoder = new TextDecoder()
  try {
    for await (const chunk of dechunked(body)) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
    if (rest !== '') yield rest
    await sending
  } finally {
    // Also when the reader stops early: then the batch is cancelled.
    sending.catch(() => undefined)
    socket.destroy()
  }
}

async function send(socket: Socket, lines: Iterable<Buffer>): Promise<void> {
  socket.write('POST /api/orders/batch HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\n')
  socket.write('transfer-encoding: chunked\r\nconnection: close\r\n\r\n')
  const portion: Buffer[] = []
  let bytes = 0
  const flush = async () => {
    const head = `${bytes.toString(16)}\r\n`
    const isTaken = socket.write(Buffer.concat([Buffer.from(head), ...portion.splice(0), Buffer.from('\r\n')]))
    bytes = 0
    if (!isTaken) await once(socket, 'drain')
  }
  for (const line of lines) {
    portion.push(line, Buffer.from('\n'))
    bytes += line.length + 1
    if (bytes > 65_536) await flush()
  }
  if (bytes > 0) await flush()
  socket.write('0\r\n\r\n')
}

/** What a socket receives, from now on. */
async function* chunksOf(socket: Socket): AsyncGenerator<Buffer> {
  for await (const chunk of socket) yield chunk
}

async function* withoutHead(received: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let head: Buffer = Buffer.alloc(0)
  let isBehindHead = false
  for await (const chunk of received) {
    if (isBehindHead) yield chunk
    else {
      head = Buffer.concat([head, chunk])
      const end = head.indexOf('\r\n\r\n')
      if (end === -1) continue
      isBehindHead = true
      if (!head.toString('latin1').startsWith('HTTP/1.1 200 ')) throw new Error(`the batch was refused: ${head}`)
      yield head.subarray(end + 4)
    }
  }
}

/** RFC 9112, 7.1. Ends with the last chunk; throws when the connection ends before it. */
async function* dechunked(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const received of body) {
    rest = rest.length === 0 ? received : Buffer.concat([rest, received])
    for (;;) {
      const headEnd = rest.indexOf('\r\n')
      if (headEnd === -1) break
      const size = Number.parseInt(rest.toString('latin1', 0, headEnd), 16)
      if (rest.length < headEnd + 2 + size + 2) break
      if (size === 0) return
      yield rest.subarray(headEnd + 2, headEnd + 2 + size)
      rest = rest.subarray(headEnd + 2 + size + 2)
    }
  }
  throw new Error('the connection ended before the answers did')
}
