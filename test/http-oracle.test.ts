import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { once } from 'node:events'
import { createServer, METHODS, type Server } from 'node:http'
import { connect } from 'node:net'
import fc from 'fast-check'
import { readBody } from '../src/platform/request-body.ts'
import { type HttpServer, startServer } from '../src/platform/server.ts'

/**
 * Requests, valid and damaged, cut anywhere, given to our server and to `node:http` (llhttp): we must understand every valid one,
 * and of the others nothing that `node:http` does not understand, or understands differently.
 */

setDefaultTimeout(120_000)
const runs = 150
/** The silence that ends a connection: of a server that may have understood all, and of one that must understand more. */
const quietMs = 60
const silentMs = 20_000

/** What a server has understood on a connection, by the number that is in every path. */
const seen = new Map<string, string[]>()
let ours: HttpServer
let oracle: Server
let oraclePort: number

function note(who: string, method: string, url: string, body: Uint8Array): void {
  const [, run = '', path = ''] = /^\/(\d+)(\/.*)$/.exec(url) ?? []
  const all = seen.get(who + run) ?? []
  seen.set(who + run, [...all, `${method} ${path} ${Buffer.from(body).toString('latin1')}`])
}

beforeAll(async () => {
  ours = startServer({
    host: '127.0.0.1',
    port: 0,
    async fetch(request) {
      const body = await readBody(request, 1_000_000)
      note('ours', request.method, new URL(request.url).pathname, body)
      return new Response('')
    },
  })
  oracle = createServer(async (request, response) => {
    const pieces: Buffer[] = []
    try {
      for await (const piece of request) pieces.push(piece)
    } catch {
      return
    }
    note('oracle', request.method ?? '', new URL(request.url ?? '', 'http://x').pathname, Buffer.concat(pieces))
    response.end()
  })
  oracle.on('clientError', (_error, socket) => socket.destroy())
  oracle.listen(0, '127.0.0.1')
  await once(oracle, 'listening')
  const address = oracle.address()
  oraclePort = typeof address === 'object' ? (address?.port ?? 0) : 0
})

afterAll(async () => {
  await ours.stop(0)
  oracle.closeAllConnections()
  oracle.close()
})

/** Sends pieces, and waits until the connection is closed or nothing comes for a while. */
async function send(port: number, pieces: readonly Buffer[], isOver: () => boolean, silenceMs: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  let isClosed = false
  let lastMs = performance.now()
  socket.on('data', () => {
    lastMs = performance.now()
  })
  socket.on('error', () => undefined)
  socket.on('close', () => {
    isClosed = true
  })
  await once(socket, 'connect')
  for (const piece of pieces) {
    if (isClosed) break
    socket.write(piece)
    await new Promise(resolve => setImmediate(resolve))
  }
  lastMs = performance.now()
  while (!isClosed && !isOver() && performance.now() - lastMs < silenceMs) await Bun.sleep(1)
  socket.destroy()
}

const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,8}$/)
const bytes = fc.uint8Array({ maxLength: 60 }).map(array => Buffer.from(array).toString('latin1'))
const field = fc.tuple(token, fc.stringMatching(/^[!-~]{0,12}$/)).map(([name, value]) => `X-${name}: ${value}\r\n`)
const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE')

type Sent = { method: string; path: string; fields: string; body: string; framed: string }

const withLength = fc.record({ method, path: token, fields: fc.array(field, { maxLength: 3 }), body: bytes }).map(
  ({ method, path, fields, body }): Sent => ({
    method,
    path,
    body,
    fields: `${fields.join('')}Content-Length: ${body.length}\r\n`,
    framed: body,
  }),
)

const chunked = fc
  .record({
    path: token,
    chunks: fc.array(
      fc.tuple(
        bytes.filter(text => text !== ''),
        fc.constantFrom('', ';a', ';a=b', ';a="b"'),
      ),
      { maxLength: 4 },
    ),
    trailer: fc.array(field, { maxLength: 2 }),
  })
  .map(({ path, chunks, trailer }): Sent => {
    const framed = chunks.map(([text, extension]) => `${text.length.toString(16)}${extension}\r\n${text}\r\n`).join('')
    return {
      method: 'POST',
      path,
      fields: 'Transfer-Encoding: chunked\r\n',
      body: chunks.map(([text]) => text).join(''),
      framed: `${framed}0\r\n${trailer.join('')}\r\n`,
    }
  })

const bare = fc
  .record({ path: token })
  .map(({ path }): Sent => ({ method: 'GET', path, fields: '', body: '', framed: '' }))
const requests = fc.array(fc.oneof(withLength, chunked, bare), { minLength: 1, maxLength: 4 })
const cuts = fc.array(fc.nat({ max: 10_000 }), { maxLength: 6 })

const damage = fc.record({
  at: fc.nat({ max: 10_000 }),
  kind: fc.constantFrom('replace', 'insert', 'remove'),
  text: fc.constantFrom(
    '\r',
    '\n',
    '\r\n',
    ' ',
    ':',
    '\0',
    ',',
    ';',
    '0',
    'f',
    '\t',
    '\r\n ',
    'Content-Length: 3\r\n',
    '\x80',
  ),
})

let run = 0

function encode(all: readonly Sent[], number: number): string {
  const text = all.map(
    ({ method, path, fields, framed }) =>
      `${method} /${number}/${path} HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n${framed}`,
  )
  return text.join('')
}

function cut(text: string, places: readonly number[]): Buffer[] {
  const whole = Buffer.from(text, 'latin1')
  const at = [...new Set(places.map(place => place % (whole.byteLength + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((start, index) => whole.subarray(start, at[index])).filter(piece => piece.byteLength > 0)
}

async function understoodBy(
  who: 'ours' | 'oracle',
  pieces: readonly Buffer[],
  number: number,
  count: number,
  silenceMs: number,
) {
  const port = who === 'ours' ? Number(new URL(ours.url).port) : oraclePort
  const understood = () => seen.get(`${who}${number}`) ?? []
  await send(port, pieces, () => understood().length >= count, silenceMs)
  return understood()
}

test('every valid request is parsed, wherever it is split', async () => {
  await fc.assert(
    fc.asyncProperty(requests, cuts, async (all, places) => {
      run += 1
      const expected = all.map(({ method, path, body }) => `${method} /${path} ${body}`)
      expect(await understoodBy('ours', cut(encode(all, run), places), run, all.length, silentMs)).toEqual(expected)
    }),
    { numRuns: runs },
  )
})

test('no damaged request is accepted that node:http rejects', async () => {
  await fc.assert(
    fc.asyncProperty(requests, damage, cuts, async (all, { at, kind, text }, places) => {
      run += 1
      const whole = encode(all, run)
      const place = at % whole.length
      const damaged =
        whole.slice(0, place) + (kind === 'remove' ? '' : text) + whole.slice(kind === 'insert' ? place : place + 1)
      const pieces = cut(damaged, places)
      const mine = await understoodBy('ours', pieces, run, all.length + 1, quietMs)
      // Methods that it does not know are an error of the protocol to node:http, and 405 to us.
      const unknown = mine.findIndex(text => !METHODS.includes(text.slice(0, text.indexOf(' '))))
      const comparable = unknown === -1 ? mine : mine.slice(0, unknown)
      const theirs = await understoodBy('oracle', pieces, run, comparable.length, silentMs)
      expect(theirs.slice(0, comparable.length)).toEqual(comparable)
    }),
    { numRuns: runs },
  )
})
