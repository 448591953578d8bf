import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { kafkaAvailability, testBroker } from '../../test/kafka.ts'
import { runCli } from '../../test/run-cli.ts'
import { makeTopics, readTopic } from '../../test/topics.ts'
import { createPublisher } from '../platform/kafka/publisher.ts'
import { createLogger } from '../platform/log.ts'
import { type HttpServer, startServer } from '../platform/server.ts'
import { makeShots, type Shot } from './orders.ts'
import { runLoad } from './run.ts'
import { makeSchedule } from './schedule.ts'
import { httpTarget, kafkaTarget, type Target } from './targets.ts'

setDefaultTimeout(60_000)
const log = createLogger({ level: 'silent' })
const never = new AbortController().signal
const newUid = () => randomUUID().replaceAll('-', '')

/** A load of new orders. */
function load(target: Target, ratePerSecond: number, seconds: number, timeoutMs = 5_000, stop = never) {
  return runLoad(
    {
      schedule: makeSchedule(ratePerSecond, seconds),
      ratePerSecond,
      target,
      shots: makeShots({ bad: 0, repeated: 0 }, newUid, Math.random),
      timeoutMs,
      onSecond: () => undefined,
    },
    stop,
  )
}

/** A server that answers with what it is given, for as long as the work runs. */
async function withServer<Result>(
  answer: (request: Request) => Response | Promise<Response>,
  work: (url: string) => Promise<Result>,
): Promise<Result> {
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: answer })
  try {
    return await work(`http://127.0.0.1:${server.port}`)
  } finally {
    await server.stop(true)
  }
}

describe('a schedule', () => {
  test('is steady, or begins with a linear ramp', () => {
    const steady = makeSchedule(100, 2)
    expect(steady.total).toBe(200)
    expect([0, 1, 50, 199].map(steady.dueMs)).toEqual([0, 10, 500, 1990])
    expect([0, 9, 10, 1000, 9000].map(steady.dueBy)).toEqual([1, 1, 2, 101, 200])
    // The area of a triangle of 2 s by 100/s, and of a rectangle of 1 s by 100/s.
    const ramped = makeSchedule(100, 3, 2)
    expect(ramped.total).toBe(200)
    expect([0, 25, 100, 150].map(ramped.dueMs)).toEqual([0, 1000, 2000, 2500])
  })

  test('tells how many requests were due until any moment', () => {
    for (const schedule of [makeSchedule(333, 3), makeSchedule(777, 5, 4), makeSchedule(7, 10, 10)]) {
      for (let index = 0; index < schedule.total; index++) {
        expect(schedule.dueBy(schedule.dueMs(index) + 1e-6)).toBe(index + 1)
      }
    }
  })
})

test('shares of bad and repeated orders are kept, and only accepted orders are repeated', () => {
  const shots = makeShots({ bad: 0.1, repeated: 0.2 }, newUid, Math.random)
  const counts: Record<Shot['kind'], number> = { new: 0, repeated: 0, bad: 0 }
  const sent = new Map<string, string>()
  for (let count = 0; count < 10_000; count++) {
    const shot = shots.next(Date.now())
    counts[shot.kind] += 1
    if (shot.kind === 'repeated') expect(sent.get(shot.orderUid)).toBe(shot.body)
    if (shot.kind !== 'new') continue
    expect(sent.has(shot.orderUid)).toBe(false)
    sent.set(shot.orderUid, shot.body)
    shots.accepted(shot)
  }
  expect(Math.abs(counts.bad - 1_000)).toBeLessThan(150)
  expect(Math.abs(counts.repeated - 2_000)).toBeLessThan(200)
})

describe('over HTTP', () => {
  let t: TestApp
  let server: HttpServer
  beforeAll(async () => {
    t = await createTestApp()
    server = startServer({ host: '127.0.0.1', port: 0, fetch: t.app.fetch })
  })
  afterAll(async () => {
    await server.stop(0)
    await t.close()
  })

  test('by command: every accepted order is stored, and the report has the outcome of each', async () => {
    const url = server.url
    const args = [
      'load',
      '--url',
      url,
      '--rate',
      '300',
      '--seconds',
      '2',
      '--bad',
      '10%',
      '--repeated',
      '10%',
      '--json',
    ]
    const { exitCode, out, err } = await runCli(args)
    const report = JSON.parse(out)
    expect({ exitCode, unexpected: report.unexpected }).toEqual({ exitCode: 0, unexpected: 0 })
    expect(report).toMatchObject({ rate_asked: 300, due: 600, sent: 600, not_sent: 0 })
    const { 200: again, 201: placed, 400: bad } = report.outcomes
    expect(again + placed + bad).toBe(600)
    expect(Math.min(again, bad)).toBeGreaterThan(20)
    const { rows } = await t.pool.query('select count(*)::int as orders from orders')
    expect(rows).toEqual([{ orders: placed }])
    expect(err).toMatch(/^ +1 s {2}sent \d+ {2}accepted \d+ .* p50 [\d.]+ ms {2}p99 [\d.]+ ms …$/m)
  })

  test('an invalid key is unexpected, and the exit code says so', async () => {
    await withServer(
      () => new Response(null, { status: 401 }),
      async url => {
        const { exitCode, out } = await runCli(['load', '--url', url, '--rate', '20', '--seconds', '1'])
        expect(exitCode).toBe(1)
        expect(out).toMatch(/^401 +20 +no valid key/m)
      },
    )
  })
})

// From here on side by side: a load waits for its next second most of the time.
test.concurrent('the key is sent', async () => {
  const sent = new Set<string | null>()
  const answer = (request: Request) => {
    sent.add(request.headers.get('authorization'))
    return new Response(null, { status: 201 })
  }
  await withServer(answer, url => load(httpTarget(url, 'secret', 4, 5_000), 50, 1))
  expect([...sent]).toEqual(['Bearer secret'])
})

test.concurrent('orders that wait while the service hangs count from when they were due, and concurrency stays bounded', async () => {
  let underWay = 0
  let underWayMost = 0
  let startedMs: number | undefined
  const hangs = async () => {
    // It hangs for a second from the first request on, however long it took to begin.
    startedMs ??= performance.now()
    underWayMost = Math.max(underWayMost, ++underWay)
    await Bun.sleep(Math.max(0, 1_000 - (performance.now() - startedMs)))
    underWay -= 1
    return new Response(null, { status: 201 })
  }
  const report = await withServer(hangs, url => load(httpTarget(url, undefined, 2, 5_000), 100, 2))
  expect(underWayMost).toBe(2)
  expect(report).toMatchObject({ due: 200, sent: 200, not_sent: 0, unexpected: 0 })
  // Only two requests were under way when the target hung, yet half of the orders had to wait, the first for all of it.
  expect(report.latency_ms.p90).toBeGreaterThan(600)
  expect(report.latency_ms.max).toBeGreaterThan(900)
})

test.concurrent('orders that could not be sent in time are reported, and a load ends without them', async () => {
  const slow = async () => {
    await Bun.sleep(100)
    return new Response(null, { status: 503 })
  }
  const report = await withServer(slow, url => load(httpTarget(url, undefined, 1, 5_000), 200, 1, 300))
  expect(report.sent).toBeLessThan(20)
  expect(report.sent + report.not_sent).toBe(200)
  // Turned away for now is what an overload is for.
  expect(report).toMatchObject({ unexpected: 0, outcomes: { 503: report.sent } })
  expect(report.rate_reached).toBeLessThan(20)
})

test.concurrent('a load that is ended early reports what it did', async () => {
  const stop = new AbortController()
  let count = 0
  const answer = () => {
    if (++count === 50) stop.abort()
    return new Response(null, { status: 201 })
  }
  const report = await withServer(answer, url =>
    load(httpTarget(url, undefined, 4, 5_000), 200, 60, 5_000, stop.signal),
  )
  expect(report.sent).toBeGreaterThanOrEqual(50)
  expect(report.sent).toBeLessThan(200)
  expect(report.seconds).toBeLessThan(5)
  expect(report.outcomes).toEqual({ 201: report.sent })
})

test.concurrent.each([
  ['an order that should have been accepted is refused', () => new Response(null, { status: 400 }), 10_000, '400'],
  ['the service fails', () => new Response(null, { status: 500 }), 10_000, '500'],
  ['no answer comes', () => new Promise<Response>(() => undefined), 200, 'no answer'],
] as const)('%s: unexpected', async (_, answer, timeoutMs, name) => {
  const report = await withServer(answer, url => load(httpTarget(url, undefined, 64, timeoutMs), 40, 1))
  expect(report).toMatchObject({ unexpected: 40, outcomes: { [name]: 40 } })
})

test.concurrent('a lost connection: unexpected', async () => {
  const report = await load(httpTarget('http://127.0.0.1:1', undefined, 8, 1_000), 40, 1)
  expect(report.unexpected).toBe(40)
  expect(Object.keys(report.outcomes)).toEqual([expect.stringContaining('no connection')])
})

test
  .skipIf(kafkaAvailability() !== null)
  .concurrent('over Kafka: every order is in the topic and acknowledged', async () => {
    const topics = await makeTopics(await testBroker())
    const args = ['load', '--kafka', '--rate', '500', '--seconds', '2', '--bad', '5%', '--json']
    const { exitCode, out } = await runCli(args, topics.env)
    const report = JSON.parse(out)
    expect({ exitCode, outcomes: report.outcomes }).toEqual({ exitCode: 0, outcomes: { acknowledged: 1_000 } })
    expect(report.latency_is).toContain('acknowledged')
    expect(await readTopic(topics.brokers, topics.orders)).toHaveLength(1_000)
  })

test.concurrent('over Kafka while it is down: nothing is acknowledged, and it ends', async () => {
  const publisher = createPublisher({ brokers: ['127.0.0.1:1'], clientId: 'test', log })
  const report = await load(kafkaTarget(publisher, 'orders', 300), 20, 1, 500)
  await publisher.close()
  expect(report.outcomes).toEqual({ 'not acknowledged': report.sent })
  expect(report.unexpected).toBe(report.sent)
})
