import { afterAll, beforeAll, describe, expect, setDefaultTimeout, spyOn, test } from 'bun:test'
import { connect } from 'node:net'
import { readBody } from '../src/platform/request-body.ts'
import { type HttpServer, startServer } from '../src/platform/server.ts'
import { createTestApp, type TestApp } from './app.ts'
import { eventually } from './kafka.ts'
import { nginx, startNginx } from './nginx.ts'
import { makeOrders } from './orders.ts'
import { exchange, statusesOf } from './raw-http.ts'

setDefaultTimeout(60_000)

let t: TestApp
let server: HttpServer

beforeAll(async () => {
  t = await createTestApp()
  server = startServer({ host: '127.0.0.1', port: 0, fetch: t.app.fetch })
})

afterAll(async () => {
  await server.stop(1_000)
  await t.close()
})

const host = 'Host: localhost\r\n'
const line = 'POST /api/orders HTTP/1.1\r\n'
const json = 'Content-Type: application/json\r\n'

const bodyOf = (uid: string) => JSON.stringify({ ...makeOrders(1, 'http')[0], order_uid: uid })
const withLength = (uid: string, head = line + host) =>
  `${head}${json}Content-Length: ${bodyOf(uid).length}\r\n\r\n${bodyOf(uid)}`
const chunkedHead = `${line}${host}${json}Transfer-Encoding: chunked\r\n\r\n`
const chunk = (text: string, extension = '') => `${text.length.toString(16)}${extension}\r\n${text}\r\n`

const answers = (count: number) => (received: string) => {
  const statuses = statusesOf(received)
  return statuses.length >= count && /\r\n\r\n.+$/s.test(received.slice(received.lastIndexOf('HTTP/1.1 ')))
}

const isStored = async (uid: string) => (await t.call('GET', `/api/orders/${uid}`)).status === 200

describe('an order is stored exactly if its sender is told so', () => {
  // name, what is sent piece by piece, the status, whether the sender closes its side
  const forms: [name: string, pieces: (uid: string) => string[], status: number, halfClose?: boolean][] = [
    ['a length', uid => [withLength(uid)], 201],
    ['a length, byte by byte where the head ends', uid => [...withLength(uid).split(/(?<=\r)|(?<=\n)/)], 201],
    ['chunks', uid => [chunkedHead + chunk(bodyOf(uid)), '0\r\n', '\r\n'], 201],
    ['chunks with extensions', uid => [`${chunkedHead}${chunk(bodyOf(uid), ';a="b"')}0;c\r\n\r\n`], 201],
    ['chunks with a trailer', uid => [`${chunkedHead}${chunk(bodyOf(uid))}0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n`], 201],
    ['chunks with a trailer later', uid => [`${chunkedHead}${chunk(bodyOf(uid))}0\r\n`, 'X-Sum: 1\r\n', '\r\n'], 201],
    ['an empty line behind the body', uid => [`${withLength(uid)}\r\n`], 201],
    ['then its side is closed', uid => [withLength(uid)], 201, true],
    ['chunks, then its side is closed', uid => [`${chunkedHead}${chunk(bodyOf(uid))}0\r\n\r\n`], 201, true],
    ['HTTP/1.0', uid => [withLength(uid, 'POST /api/orders HTTP/1.0\r\n')], 201],
    ['an empty Host', uid => [withLength(uid, `${line}Host:\r\n`)], 201],
    ['an address in full', uid => [withLength(uid, `POST http://localhost/api/orders HTTP/1.1\r\n${host}`)], 201],
    ['Expect', uid => [withLength(uid, `${line}${host}Expect: 100-continue\r\n`)], 201],
    ['chunks that break off', uid => [chunkedHead + chunk(bodyOf(uid)).slice(0, -20)], 400, true],
    ['chunks without their end', uid => [chunkedHead + chunk(bodyOf(uid))], 400, true],
    ['a size that is none', uid => [`${chunkedHead}g\r\n${bodyOf(uid)}\r\n0\r\n\r\n`], 400],
    ['both kinds of length', uid => [withLength(uid, `${line}${host}Transfer-Encoding: chunked\r\n`)], 400],
    ['two lengths', uid => [withLength(uid, `${line}${host}Content-Length: 3\r\n`)], 400],
    [
      'another transfer coding',
      uid => [withLength(uid, `${line}${host}Transfer-Encoding: gzip\r\n`).replace(/Content-Length.*\r\n/, '')],
      501,
    ],
    ['a malformed Host', uid => [withLength(uid, `${line}Host: a b[\r\n`)], 400],
    ['a Host with an impossible port', uid => [withLength(uid, `${line}Host: localhost:99999\r\n`)], 400],
    ['no Host', uid => [withLength(uid, line)], 400],
    ['two Hosts', uid => [withLength(uid, line + host + host)], 400],
    ['a field that goes on in the next line', uid => [withLength(uid, `${line}${host}X-A: b\r\n c\r\n`)], 400],
    ['a blank before a colon', uid => [withLength(uid, `${line}${host}X-A : b\r\n`)], 400],
    ['an expectation of another kind', uid => [withLength(uid, `${line}${host}Expect: 200-ok\r\n`)], 417],
    ['HTTP/2.0', uid => [withLength(uid, `POST /api/orders HTTP/2.0\r\n${host}`)], 505],
    ['ends of line without CR', uid => [withLength(uid).replaceAll('\r\n', '\n')], 400],
    ['a head that is too large', uid => [withLength(uid, `${line}${host}X-A: ${'a'.repeat(20_000)}\r\n`)], 431],
  ]
  test.each(forms)('%s', async (name, pieces, status, halfClose = false) => {
    const uid = `form-${name.replace(/\W+/g, '-')}`
    const received = await exchange(server.url, pieces(uid), answers(1), { halfClose })
    expect(statusesOf(received)).toEqual([status])
    expect(await isStored(uid)).toBe(status === 201)
  })
})

describe('pipelined requests are answered in order', () => {
  test('two orders', async () => {
    const received = await exchange(server.url, [withLength('pair-1') + withLength('pair-2')], answers(2))
    expect(statusesOf(received)).toEqual([201, 201])
    expect(received.indexOf('"pair-1"')).toBeLessThan(received.indexOf('"pair-2"'))
  })

  test('two chunked orders, the second while the first is being stored', async () => {
    const whole = (uid: string) => `${chunkedHead}${chunk(bodyOf(uid))}0\r\nX-T: 1\r\n\r\n`
    const received = await exchange(
      server.url,
      [whole('pair-3') + whole('pair-4').slice(0, 50), whole('pair-4').slice(50)],
      answers(2),
    )
    expect(statusesOf(received)).toEqual([201, 201])
  })

  test('reads and orders, and a client that half-closes', async () => {
    const get = (uid: string) => `GET /api/orders/${uid} HTTP/1.1\r\n${host}\r\n`
    const sent = withLength('pair-5') + get('pair-5') + get('nobody') + withLength('pair-5')
    const received = await exchange(server.url, [sent], answers(4), { halfClose: true })
    expect(statusesOf(received)).toEqual([201, 200, 404, 200])
  })

  test('bytes that are no request are rejected after the response', async () => {
    const received = await exchange(server.url, [`${withLength('pair-6')}XX\r\n\r\n`], answers(2))
    expect(statusesOf(received)).toEqual([201, 400])
    expect(await isStored('pair-6')).toBe(true)
  })
})

describe('probes', () => {
  const probes: [name: string, head: string, status: number][] = [
    ['HTTP/1.0 without a Host', 'GET /livez HTTP/1.0\r\n\r\n', 200],
    ['HTTP/1.0 that keeps the connection', 'GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', 200],
    ['an empty Host', 'GET /livez HTTP/1.1\r\nHost:\r\n\r\n', 200],
    ['an address as Host', 'GET /livez HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n', 200],
    ['a malformed Host', 'GET /livez HTTP/1.1\r\nHost: [::\r\n\r\n', 400],
  ]
  test.each(probes)('%s', async (_name, head, status) => {
    expect(statusesOf(await exchange(server.url, [head], answers(1)))).toEqual([status])
  })
})

describe('refusals before the body was read', () => {
  const head = (length: number) => `${line}${host}${json}Content-Length: ${length}\r\n\r\n`

  test('a large body is rejected, and the client can send all of it', async () => {
    const pieces = [head(5_000_000), Buffer.alloc(5_000_000, 0x61)]
    const received = await exchange(server.url, pieces, () => false)
    expect(statusesOf(received)).toEqual([413])
    expect(received).toContain('connection: close')
    expect(received).not.toContain('ECONNRESET')
  })

  test('the connection can be reused after a short one', async () => {
    const refused = `POST /api/nothing HTTP/1.1\r\n${host}Content-Length: 100\r\n\r\n`
    const pieces = [refused, 'x'.repeat(100), withLength('behind-refused')]
    expect(statusesOf(await exchange(server.url, pieces, answers(2)))).toEqual([404, 201])
  })

  test('a client that waits for 100 Continue gets the error instead', async () => {
    const received = await exchange(
      server.url,
      [`${head(5_000_000).slice(0, -2)}Expect: 100-continue\r\n\r\n`],
      answers(1),
    )
    expect(received).not.toContain('100 Continue')
    expect(statusesOf(received)).toEqual([413])
  })
})

test('through nginx a large body is 413, not a bad gateway', async () => {
  if (nginx === null) return console.error('SKIPPED: needs nginx')
  const proxy = await startNginx(`    client_max_body_size 0;\n    location / { proxy_pass ${server.url}; }`)
  const body = `{"order_uid":"${'x'.repeat(5_000_000)}"}`
  for (let round = 0; round < 5; round++) {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${proxy.url}/api/orders`, { method: 'POST', headers, body })
    expect(response.status).toBe(413)
    expect(await response.json()).toMatchObject({ code: 'BODY_TOO_LARGE' })
  }
  await proxy.stop()
})

test('a megabyte in one-byte chunks is passed on in few pieces and copied a few times: no work per chunk', async () => {
  let pieces = 0
  async function* counting(body: AsyncIterable<Uint8Array>) {
    for await (const piece of body) {
      pieces += 1
      yield piece
    }
  }
  const reading = startServer({
    host: '127.0.0.1',
    port: 0,
    async fetch(request) {
      const { method, url, headers, signal, body } = request
      const counted = body === null ? null : counting(body)
      const read = await readBody({ method, url, headers, signal, body: counted }, 2_000_000)
      return new Response(String(read.byteLength))
    },
  })
  const moves = spyOn(Uint8Array.prototype, 'set')
  const sizeBytes = 1_000_000
  const sent = [chunkedHead, Buffer.from(`${'1\r\nx\r\n'.repeat(sizeBytes)}0\r\n\r\n`)]
  const received = await exchange(reading.url, sent, answers(1))
  const movedBytes = moves.mock.calls.reduce((sum, [from]) => sum + from.length, 0)
  moves.mockRestore()
  await reading.stop(1_000)
  expect(received).toEndWith(`\r\n\r\n${sizeBytes}`)
  // By what a socket gives at a time. It was a piece for each byte.
  expect(pieces).toBeLessThan(2_000)
  // Once out of its chunks, and while the buffer grows, which doubles.
  expect(movedBytes).toBeLessThan(5 * sizeBytes)
})

test('bodies that never end share one bound, and complete orders are still stored', async () => {
  const sizeBytes = 1_000_000
  const sent = [`${line}${host}${json}Content-Length: ${sizeBytes}\r\n\r\n`, Buffer.alloc(sizeBytes - 1, 0x20)]
  const isEnough = Promise.withResolvers<void>()
  let refused = 0
  const { hostname, port } = new URL(server.url)
  const sockets = Array.from({ length: 90 }, () => {
    const socket = connect(Number(port), hostname)
    socket.on('error', () => undefined)
    socket.on('data', received => {
      const text = String(received)
      if (text.startsWith('HTTP/1.1 503 ') && /\r\nretry-after: /i.test(text)) refused += 1
      // 32 MiB are 33 of them.
      if (refused >= 20) isEnough.resolve()
    })
    for (const piece of sent) socket.write(piece)
    return socket
  })
  await isEnough.promise
  expect(statusesOf(await exchange(server.url, [withLength('beside-slow-bodies')], answers(1)))).toEqual([201])
  for (const socket of sockets) socket.destroy()
  // Their room is free again.
  const isTaken = async () => {
    const [head = '', body = ''] = withLength(`behind-slow-${crypto.randomUUID()}`).split(/(?<=\r\n\r\n)/)
    return statusesOf(await exchange(server.url, [head, body], answers(1)))[0] === 201
  }
  await eventually('an order in two pieces is taken', isTaken)
})

describe('HEAD', () => {
  test('has the length of GET', async () => {
    await t.call('POST', '/api/orders', { body: bodyOf('head-1') })
    for (const path of ['/api/orders/head-1', '/api/orders', '/api/openapi.json']) {
      const get = await fetch(server.url + path)
      const length = (await get.arrayBuffer()).byteLength
      const received = await exchange(
        server.url,
        [`HEAD ${path} HTTP/1.1\r\n${host}Connection: close\r\n\r\n`],
        () => false,
      )
      expect(received).toContain(`content-length: ${length}\r\n`)
      expect(received.endsWith('\r\n\r\n')).toBe(true)
    }
  })

  test('of a stream has none, and keeps no reader', async () => {
    const head = `HEAD /api/events HTTP/1.1\r\n${host}Accept: text/event-stream\r\n\r\n`
    const received = await exchange(server.url, [head.repeat(5)], text => statusesOf(text).length === 5)
    expect(received).not.toContain('content-length')
    await eventually('nobody follows', () => t.app.feed.followers === 0)
    const lines = `HEAD /api/orders HTTP/1.1\r\n${host}Accept: application/x-ndjson\r\n\r\n`
    expect(await exchange(server.url, [lines], text => text.endsWith('\r\n\r\n'))).not.toContain('content-length')
  })
})

test('a reader of events that disconnects is removed, even if it only half-closes', async () => {
  const head = `GET /api/events HTTP/1.1\r\n${host}Accept: text/event-stream\r\n\r\n`
  const isConnected = (text: string) => text.includes(': connected')
  await exchange(server.url, [head], isConnected)
  await exchange(server.url, [head], () => false, { halfClose: true }).catch(() => undefined)
  await eventually('nobody follows', () => t.app.feed.followers === 0)
})
