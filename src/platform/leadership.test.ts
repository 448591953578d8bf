import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { createTestDatabase, type TestDatabase } from '../../test/database.ts'
import { eventually, testLog } from '../../test/kafka.ts'
import { type Lease, LeaseLostError, leaseMs, runAsLeader, silenceMaxMs } from './leadership.ts'
import type { PostgresAddress } from './postgres.ts'

setDefaultTimeout(60_000)

const lock = 4_711
/** Well under half a minute, however busy the machine. */
const replacedWithinMs = silenceMaxMs + 10_000

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase(leaveEmpty)
})
afterAll(() => database?.drop())

async function leaveEmpty(): Promise<void> {}

/** Somebody who wants to lead; what it does is to wait for its end. */
function candidate(address: PostgresAddress) {
  const stop = new AbortController()
  const held: { lease: Lease | undefined } = { lease: undefined }
  const leadership = { address, lock, name: 'leadership test', does: 'leads', log: testLog }
  const running = runAsLeader(leadership, stop.signal, async lease => {
    held.lease = lease
    if (!lease.ends.aborted) await new Promise(resolve => lease.ends.addEventListener('abort', resolve, { once: true }))
    held.lease = undefined
  })
  const end = () => {
    stop.abort()
    return running
  }
  return { held, end }
}

/** A way to the database that can fall silent: its connections stay, nothing comes through, and no new ones are made. */
async function silentWay(to: PostgresAddress) {
  const sockets: Socket[] = []
  const server: Server = createServer(client => {
    const upstream = to.host.startsWith('/')
      ? createConnection(`${to.host}/.s.PGSQL.${to.port}`)
      : createConnection(to.port, to.host)
    for (const socket of [client, upstream]) socket.on('error', () => undefined)
    sockets.push(client, upstream)
    client.on('data', data => upstream.write(data))
    upstream.on('data', data => client.write(data))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  return {
    address: { ...to, host: '127.0.0.1', port: address.port },
    fallSilent() {
      server.close()
      for (const socket of sockets) {
        socket.removeAllListeners('data')
        socket.pause()
      }
    },
    close() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

describe('leadership', () => {
  test('a leader whose host is gone loses its lease first, and is replaced within seconds', async () => {
    const way = await silentWay(database.address)
    const first = candidate(way.address)
    await eventually('the first one leads', () => first.held.lease !== undefined)
    const lease = first.held.lease
    const second = candidate(database.address)
    way.fallSilent()
    const silentSinceMs = performance.now()
    await eventually('the lease is over', () => lease?.lost.aborted === true, replacedWithinMs)
    expect(() => lease?.assertHeld()).toThrow(LeaseLostError)
    await eventually('the second one leads', () => second.held.lease !== undefined, replacedWithinMs)
    expect(performance.now() - silentSinceMs).toBeLessThan(replacedWithinMs)
    expect(() => second.held.lease?.assertHeld()).not.toThrow()
    await Promise.all([first.end(), second.end()])
    way.close()
  })

  test('a leader that hung knows at once that its lease is over, before any timer has run', async () => {
    const leader = candidate(database.address)
    await eventually('it leads', () => leader.held.lease !== undefined)
    const lease = leader.held.lease
    lease?.assertHeld()
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, leaseMs + 500)
    expect(() => lease?.assertHeld()).toThrow(LeaseLostError)
    await leader.end()
  })
})
