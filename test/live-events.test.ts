import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { once } from 'node:events'
import { connect } from 'node:net'
import { logStart } from '../src/events/checkpoint.ts'
import { streamEvents } from '../src/events/stream.ts'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { startServer } from '../src/platform/server.ts'
import { createTestApp } from './app.ts'
import { createMigratedDatabase } from './database.ts'
import { post, startPosting } from './http-load.ts'
import { expectConsistent, queryDatabase } from './invariants.ts'
import { eventually } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { type Follower, followEvents } from './server-sent-events.ts'
import { databaseEnv, endServices, type ServiceProcess, startServiceProcess } from './service-process.ts'

setDefaultTimeout(60_000)
afterEach(() => endServices())

/** How soon an event must be on a stream of another instance: well below a second where the machine is not busy. */
const newsDeadlineMs = 10_000

async function emptyDatabase() {
  const { address } = await createMigratedDatabase()
  return { address, env: databaseEnv(address) }
}

const path = '/api/events'

/** The ids of all events, in the order of the log. */
async function idsOfLog(address: PostgresAddress): Promise<unknown[]> {
  const rows = await queryDatabase(address, 'select position::text as id from events order by xid, position')
  return rows.map(({ id }) => id)
}

/** That a follower from the beginning has had the whole log: nothing is missing, nothing came twice, all in its order. */
async function expectWholeLog(follower: Follower, ids: readonly unknown[]): Promise<void> {
  await eventually('everything has arrived', () => follower.events.length >= ids.length)
  expect(follower.events.map(({ id }) => id)).toEqual([...ids] as string[])
  const last = new Map<string, number>()
  for (const { order_uid: uid, sequence } of follower.events) {
    expect(sequence).toBe((last.get(uid) ?? 0) + 1)
    last.set(uid, sequence)
  }
}

/** Holds, confirms and completes orders, each command until it is answered with success; the services take turns. */
async function commandAll(services: () => readonly string[], uids: readonly string[]): Promise<void> {
  let turn = 0
  const attempt = async (uid: string, command: string) => {
    const urls = services()
    const response = await fetch(`${urls[turn++ % urls.length]}/api/orders/${uid}/${command}`, { method: 'POST' })
    return response.status === 200
  }
  await Promise.all(
    uids.map(async uid => {
      for (const command of ['hold', 'confirm', 'complete']) {
        await eventually(`${command} of ${uid}`, () => attempt(uid, command).catch(() => false))
      }
    }),
  )
}

/** Drops the connections of followers again and again, one at a time, each as soon as it has had something new. */
function disturb(followers: readonly Follower[]) {
  let isOver = false
  const disturbing = (async () => {
    for (let turn = 0; !isOver; turn += 1) {
      const follower = followers[turn % followers.length]
      const had = follower?.events.length ?? 0
      await eventually('something new has come', () => isOver || (follower?.events.length ?? 0) > had)
      follower?.breakOff()
    }
  })()
  return {
    end: () => {
      isOver = true
      return disturbing
    },
  }
}

describe('live events of two instances on one database', () => {
  test('a command to one is on the stream of the other at once', async () => {
    const { env } = await emptyDatabase()
    const [one, other] = await Promise.all([startServiceProcess({ env }), startServiceProcess({ env })])
    const everything = followEvents(() => other.url + path)
    await eventually('it follows', () => everything.cursor() !== '')
    const [order] = makeOrders(1, 'told')
    expect((await post(one.url, JSON.stringify(order)))?.status).toBe(201)
    await eventually('it is placed', () => everything.events.length === 1, newsDeadlineMs)
    const own = followEvents(() => `${other.url}/api/orders/told-0/events`)
    for (const [count, command] of ['hold', 'confirm', 'complete'].entries()) {
      expect((await fetch(`${one.url}/api/orders/told-0/${command}`, { method: 'POST' })).status).toBe(200)
      await eventually(command, () => everything.events.length === count + 2, newsDeadlineMs)
    }
    await eventually('its own history has come as well', () => own.events.length === 4, newsDeadlineMs)
    const types = ['order.placed', 'order.on_hold', 'order.confirmed', 'order.completed']
    for (const { events } of [everything, own]) expect(events.map(({ type }) => type)).toEqual(types)
    await Promise.all([everything.stop(), own.stop()])
  })

  test('readers that reconnect miss nothing and get nothing twice while both handle orders and commands', async () => {
    const { address, env } = await emptyDatabase()
    const [one, other] = await Promise.all([startServiceProcess({ env }), startServiceProcess({ env })])
    const urls = () => [one.url, other.url]
    let turn = 0
    // Each comes back to the other instance: a place is the same on both.
    const wandering = Array.from({ length: 6 }, () => followEvents(() => urls()[turn++ % 2] + path, '0-0'))
    const steady = urls().map(url => followEvents(() => url + path, '0-0'))
    const disturbance = disturb(wandering)
    const orders = makeOrders(600, 'load')
    const commanded = orders.slice(0, 60).map(order => order.order_uid)
    const load = startPosting({ urls, orders, senders: 20 })
    await Promise.all([load.finished, commandAll(urls, commanded)])
    await disturbance.end()
    const ids = await idsOfLog(address)
    expect(ids).toHaveLength(600 + 3 * 60)
    for (const follower of [...wandering, ...steady]) await expectWholeLog(follower, ids)
    expect(Math.min(...wandering.map(follower => follower.connections()))).toBeGreaterThan(2)
    await Promise.all([...wandering, ...steady].map(follower => follower.stop()))
  })
})

describe('live events of a restarted service', () => {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    test(`after ${signal} under load readers resume where they were`, async () => {
      const { address, env } = await emptyDatabase()
      let service: ServiceProcess = await startServiceProcess({ env })
      const urls = () => [service.url]
      const followers = Array.from({ length: 4 }, () => followEvents(() => service.url + path, '0-0'))
      const orders = makeOrders(400, 'again')
      const load = startPosting({ urls, orders, senders: 10 })
      const commanding = commandAll(
        urls,
        orders.slice(0, 40).map(order => order.order_uid),
      )
      for (const [restarts, events] of [50, 150].entries()) {
        await eventually('events arrive on a connection to the service of now', () =>
          followers.every(follower => follower.events.length > events && follower.connections() > restarts),
        )
        service.kill(signal)
        await service.exited
        service = await startServiceProcess({ env })
      }
      await Promise.all([load.finished, commanding])
      const ids = await idsOfLog(address)
      expect(ids).toHaveLength(400 + 3 * 40)
      for (const follower of followers) {
        await expectWholeLog(follower, ids)
        expect(follower.connections()).toBeGreaterThan(2)
      }
      await Promise.all(followers.map(follower => follower.stop()))
      await expectConsistent(address)
    })
  }
})

test('a reader that reads nothing is disconnected, and no more events are fetched for it', async () => {
  const t = await createTestApp()
  // Far more than sockets hold.
  const orders = makeOrders(6_000, 'slow').map(order => ({ ...order, internal_signature: 'x'.repeat(6_000) }))
  const body = orders.map(order => JSON.stringify(order)).join('\n')
  const headers = { 'content-type': 'application/x-ndjson' }
  await (await t.call('POST', '/api/orders/batch', { body, headers })).text()
  let reads = 0
  const older = t.app.feed.older.bind(t.app.feed)
  t.app.feed.older = (...from) => {
    reads += 1
    return older(...from)
  }
  const fetchEvents = () => streamEvents(t.app.feed, logStart, {}, 300)
  const server = startServer({ host: '127.0.0.1', port: 0, fetch: fetchEvents })
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.pause()
  await once(socket, 'connect')
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await eventually('somebody follows', () => t.app.feed.followers === 1)
  await eventually('it is cut off', () => t.app.feed.followers === 0)
  // Of the twelve pages that there are.
  expect(reads).toBeLessThan(8)
  // Should it read after all, it finds an end, and knows that it has to come back.
  let tail = ''
  socket.on('data', chunk => {
    tail = (tail + String(chunk)).slice(-20)
  })
  socket.resume()
  await eventually('the stream ends', () => tail.endsWith('\n\n\r\n0\r\n\r\n'))
  socket.destroy()
  await server.stop(0)
  await t.close()
})
