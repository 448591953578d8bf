import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { logStart } from '../src/events/checkpoint.ts'
import { streamEvents } from '../src/events/stream.ts'
import type { HttpRequest } from '../src/platform/http.ts'
import { type HttpServer, startServer } from '../src/platform/server.ts'
import { createTestApp, type TestApp } from './app.ts'
import { hasNoBrowser, setStage } from './browser.ts'
import { eventually } from './kafka.ts'
import { makeOrders } from './orders.ts'

/** Heartbeats are handed on by no client: they get events and nothing else, also those that do not keep to the standard. */

setDefaultTimeout(60_000)
const quietMs = 30
const heartbeatsMin = 2
let t: TestApp
let server: HttpServer
let heartbeats = 0

beforeAll(async () => {
  t = await createTestApp()
  server = startServer({ host: '127.0.0.1', port: 0, fetch: follow })
})
afterAll(async () => {
  t.app.feed.end()
  await server.stop(0)
  await t.close()
})

/** The stream of all events with many heartbeats, which are counted as they are sent. */
function follow(request: HttpRequest): Response {
  if (new URL(request.url).pathname === '/page') {
    return new Response('<!doctype html><title>page</title>', { headers: { 'content-type': 'text/html' } })
  }
  const { body, headers } = streamEvents(t.app.feed, logStart, {}, 30_000, quietMs)
  const counted = body?.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        if (new TextDecoder().decode(chunk).startsWith(': alive')) heartbeats += 1
        controller.enqueue(chunk)
      },
    }),
  )
  return new Response(counted, { headers })
}

/** After some heartbeats an order is placed, and after some more the last one. */
async function placeAmongHeartbeats(prefix: string): Promise<void> {
  for (const order of makeOrders(2, prefix)) {
    const until = heartbeats + heartbeatsMin
    await eventually('heartbeats were sent', () => heartbeats >= until)
    expect((await t.call('POST', '/api/orders', { body: order })).status).toBe(201)
  }
}

/** What a client must have been given: events alone. The first message may be that of the head, which has an id and no data. */
function expectEventsAlone(messages: readonly { event: string; data: string; id: string }[], prefix: string): void {
  const [head, ...others] = messages
  const events = head?.data === '' && head.id === '0-0' ? others : messages
  expect(events.filter(({ data }) => data === '')).toEqual([])
  const uids = events.map(({ data }) => JSON.parse(data).order_uid)
  expect(uids.slice(-2)).toEqual([`${prefix}-0`, `${prefix}-1`])
  expect(new Set(uids).size).toBe(uids.length)
  expect(new Set(events.map(({ event }) => event))).toEqual(new Set(['order.placed']))
}

test('eventsource-parser, on which npm clients build', async () => {
  const messages: EventSourceMessage[] = []
  const parser = createParser({ onEvent: message => messages.push(message) })
  const abort = new AbortController()
  const reading = (async () => {
    const response = await fetch(server.url, { signal: abort.signal })
    for await (const chunk of response.body ?? new Blob().stream()) parser.feed(new TextDecoder().decode(chunk))
  })().catch(() => undefined)
  await placeAmongHeartbeats('parser')
  await eventually('the last one is there', () => messages.at(-1)?.data.includes('"parser-1"') === true)
  abort.abort()
  await reading
  expectEventsAlone(
    messages.map(({ event = '', data, id = '' }) => ({ event, data, id })),
    'parser',
  )
})

/** A Python that has the libraries; .ci/run puts one on the PATH. */
const python = (process.env.PATH ?? '')
  .split(':')
  .map(folder => join(folder, 'python3'))
  .find(path => existsSync(path) && spawnSync(path, ['-c', 'import httpx_sse, sseclient']).status === 0)
if (python === undefined) console.error('SKIPPED: streams read by Python. Install httpx-sse and sseclient (PyPI).')

describe.skipIf(python === undefined)('Python', () => {
  test.each(['httpx-sse', 'sseclient'])('%s', async library => {
    const client = spawn(python ?? '', [
      join(import.meta.dirname, 'sse-client.py'),
      library,
      server.url,
      `"${library}-1"`,
    ])
    let output = ''
    client.stdout.on('data', text => {
      output += text
    })
    client.stderr.pipe(process.stderr)
    const ended = once(client, 'exit')
    await eventually('it is connected', () => output !== '' || t.app.feed.followers > 0)
    await placeAmongHeartbeats(library)
    await ended
    const messages = output
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    expectEventsAlone(
      messages.map(([event, data, id]) => ({ event, data, id })),
      library,
    )
  })
})

test.skipIf(hasNoBrowser)('the EventSource of Chromium', async () => {
  const stage = await setStage()
  const page = await stage.open('/page', { url: new URL(server.url).origin })
  await page.evaluate(`
    window.messages = []
    window.source = new EventSource(${JSON.stringify(server.url)})
    for (const type of ['message', 'order.placed']) {
      source.addEventListener(type, ({ data, lastEventId }) => messages.push({ event: type, data, id: lastEventId }))
    }`)
  await placeAmongHeartbeats('browser')
  await page.waitForFunction(`messages.at(-1)?.data.includes('"browser-1"')`)
  expectEventsAlone(await page.evaluate('source.close(); messages'), 'browser')
  await stage.close()
})
