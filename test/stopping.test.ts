import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { createMigratedDatabase } from './database.ts'
import { filled, isAlive } from './embedded-servers.ts'
import { post } from './http-load.ts'
import { expectConsistent, expectOrders } from './invariants.ts'
import { eventually } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { startReceiver } from './receiver.ts'
import {
  databaseEnv,
  endServices,
  newServiceDataDir,
  ownDatabase,
  ownPostgresPid,
  startServiceProcess,
} from './service-process.ts'

/** The end of a service, by itself and while what it needs is gone. Side by side: each test waits for processes of its own. */

setDefaultTimeout(120_000)
afterAll(() => endServices())

const [order] = makeOrders(1, 'started')
const body = JSON.stringify(order)
const sent = new Map([['started-0', body]])

/** A way to a database that can be frozen: connections stay open, and nothing comes through any more. */
type Frozen = { port: number; freeze(): void; close(): void }

const open: Server[] = []
afterAll(() => {
  for (const server of open) server.close()
})

async function wayTo({ host, port }: PostgresAddress): Promise<Frozen> {
  const sockets = new Set<Socket>()
  let isFrozen = false
  const server = createServer(near => {
    near.on('error', () => undefined)
    sockets.add(near)
    if (isFrozen) return
    const far = host.startsWith('/') ? connect(join(host, `.s.PGSQL.${port}`)) : connect(port, host)
    far.on('error', () => undefined)
    sockets.add(far)
    near.on('data', bytes => isFrozen || far.write(bytes)).on('close', () => far.destroy())
    far.on('data', bytes => isFrozen || near.write(bytes)).on('close', () => near.destroy())
  })
  open.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    freeze() {
      isFrozen = true
    },
    close() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

test.concurrent('SIGTERM while the database hangs and a webhook is being sent: the whole stop has one deadline', async () => {
  const { address } = await createMigratedDatabase()
  const way = await wayTo(address)
  const receiver = await startReceiver(() => undefined)
  const env = {
    ...databaseEnv(address),
    DB_HOST: '127.0.0.1',
    DB_PORT: String(way.port),
    WEBHOOKS_ALLOW_PRIVATE: 'true',
  }
  const service = await startServiceProcess({ env })
  const headers = { 'content-type': 'application/json' }
  const send = (path: string, body: unknown) =>
    fetch(`${service.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  const [first, second, third] = makeOrders(3, 'stopping')
  expect((await send('/api/webhooks', { url: receiver.url })).status).toBe(201)
  expect((await send('/api/orders', first)).status).toBe(201)
  await eventually('a delivery is under way', () => receiver.received.length > 0)
  way.freeze()
  // Requests that wait for the database while it ends.
  const waiting = [send('/api/orders', second), send('/api/orders', third), fetch(`${service.url}/api/orders?limit=1`)]
  const answers = Promise.allSettled(waiting)
  await Bun.sleep(100)
  const sinceMs = performance.now()
  service.kill('SIGTERM')
  expect(await service.exited).toEqual({ code: 0, signal: null })
  // 15 s, and some for a busy machine. It was 112 s.
  expect(performance.now() - sinceMs).toBeLessThan(30_000)
  await answers
  way.close()
  await receiver.close()
})

describe('a restart', () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL'] as const) {
    test.concurrent(`after ${signal} finds the same data`, async () => {
      const env = { DATA_DIR: await filled(newServiceDataDir()) }
      const first = await startServiceProcess({ env })
      expect((await post(first.url, body))?.status).toBe(201)
      const postgres = ownPostgresPid(env.DATA_DIR)
      first.kill(signal)
      const exit = await first.exited
      expect(exit).toEqual(signal === 'SIGKILL' ? { code: null, signal } : { code: 0, signal: null })
      // An orderly end loses no connection.
      expect(first.output()).not.toContain('"level":"warn"')
      // A killed service leaves its database running, which the next one takes over.
      expect(isAlive(postgres)).toBe(signal === 'SIGKILL')
      const second = await startServiceProcess({ env })
      if (signal === 'SIGKILL') expect(ownPostgresPid(env.DATA_DIR)).toBe(postgres)
      await expectOrders(second.url, sent, sent.keys())
      expect((await post(second.url, body))?.status).toBe(200)
      await expectConsistent(ownDatabase(env.DATA_DIR))
    })
  }

  test.concurrent('service and database are killed at once: the next start recovers the data', async () => {
    const env = { DATA_DIR: await filled(newServiceDataDir()) }
    const first = await startServiceProcess({ env })
    expect((await post(first.url, body))?.status).toBe(201)
    first.kill('SIGKILL')
    process.kill(ownPostgresPid(env.DATA_DIR) ?? 0, 'SIGKILL')
    await first.exited
    const second = await startServiceProcess({ env })
    await expectOrders(second.url, sent, sent.keys())
  })
})
