import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { runAsLeader } from '../src/platform/leadership.ts'
import { createLogger } from '../src/platform/log.ts'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { createTestDatabase, testServer } from './database.ts'
import { queryDatabase } from './invariants.ts'
import { eventually } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { type PgBouncer, pgBouncerUnavailable, startPgBouncer } from './pgbouncer.ts'
import { environmentOf, runCommand } from './run-cli.ts'
import { databaseEnv, endServices, type ServiceProcess, startServiceProcess } from './service-process.ts'

setDefaultTimeout(120_000)

/** What an instance must know of another within a second, with time to ask for it on a busy machine. */
const newsDeadlineMs = 5_000

async function leaveEmpty(): Promise<void> {}

const json = { 'content-type': 'application/json' }

async function send(service: ServiceProcess, method: string, path: string, body?: unknown) {
  const init = { method, headers: json, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
  const response = await fetch(service.url + path, init)
  const text = await response.text()
  return { status: response.status, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text }
}

const statusAt = async (service: ServiceProcess, uid: string) =>
  (await send(service, 'GET', `/api/orders/${uid}`)).body.status

/** What a metric says: 1 or 0. */
async function isUp(service: ServiceProcess, dependency: string): Promise<string | undefined> {
  const metrics = await (await fetch(`${service.url}/metrics`)).text()
  return new RegExp(`^dependency_up\\{dependency="${dependency}"\\} (\\d)`, 'm').exec(metrics)?.[1]
}

if (pgBouncerUnavailable !== null) console.warn(`skipped, since ${pgBouncerUnavailable}: the service behind PgBouncer`)

for (const mode of ['session', 'transaction'] as const) {
  describe.skipIf(pgBouncerUnavailable !== null)(`two instances behind a PgBouncer that pools by ${mode}`, () => {
    let bouncer: PgBouncer
    let one: ServiceProcess
    let other: ServiceProcess
    let behind: PostgresAddress
    beforeAll(async () => {
      bouncer = await startPgBouncer(await testServer(), mode)
      // Both start on an empty database, so the migrations come through as well.
      const { address } = await createTestDatabase(leaveEmpty)
      // The database's own settings must not get through either way.
      for (const setting of ["datestyle = 'German, DMY'", "timezone = 'Asia/Kathmandu'", "bytea_output = 'escape'"]) {
        await queryDatabase(address, `alter database ${address.database} set ${setting}`)
      }
      behind = bouncer.through(address)
      const env = databaseEnv(behind)
      ;[one, other] = await Promise.all([startServiceProcess({ env }), startServiceProcess({ env })])
    }, 120_000)
    afterAll(async () => {
      await endServices()
      await bouncer?.stop()
    })

    test('store and serve orders, and each sees changes of the other', async () => {
      const orders = makeOrders(20, `bouncer-${mode}`)
      for (const order of orders) expect((await send(one, 'POST', '/api/orders', order)).status).toBe(201)
      for (const { order_uid: uid } of orders) {
        for (const service of [one, other]) expect(await statusAt(service, uid)).toBe('confirmed')
        for (const [command, status] of [
          ['hold', 'on_hold'],
          ['cancel', 'cancelled'],
        ] as const) {
          expect((await send(one, 'POST', `/api/orders/${uid}/${command}`)).status).toBe(200)
          expect(await statusAt(one, uid)).toBe(status)
          const isNews = async () => (await statusAt(other, uid)) === status
          await eventually('the other instance knows', isNews, newsDeadlineMs)
        }
      }
      const page = await send(one, 'GET', '/api/orders?limit=5')
      expect(page.status).toBe(200)
      for (const { updated_at: at } of page.body) expect(at).toMatch(/^20\d\d-\d\d-\d\dT[\d:.]+Z$/)
      expect((await send(other, 'GET', '/api/overview')).status).toBe(200)
      const lines = [...orders, ...makeOrders(300, `batch-${mode}`)].map(order => JSON.stringify(order)).join('\n')
      const batch = await fetch(`${one.url}/api/orders/batch`, {
        method: 'POST',
        body: lines,
        headers: { 'content-type': 'application/x-ndjson' },
      })
      expect((await batch.text()).match(/"outcome":"placed"/g)).toHaveLength(300)
      const verified = await runCommand(['verify'], environmentOf(behind))
      expect([verified.exitCode, verified.exitCode === 0 ? '' : verified.out + verified.err]).toEqual([0, ''])
    })

    test('receive orders that are stored already, and go on', async () => {
      for (let round = 0; round < 20; round += 1) {
        const [order] = makeOrders(1, `race-${mode}-${round}`)
        const answers = await Promise.all(
          [one, other, one, other].map(service => send(service, 'POST', '/api/orders', order)),
        )
        expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 201])
      }
    })

    test('say whether notifications arrive', async () => {
      const state = async () => (await send(one, 'GET', '/readyz')).body.dependencies.notifications
      if (mode === 'session') {
        await eventually('they arrive', async () => (await state()).state === 'up')
        expect(await isUp(one, 'notifications')).toBe('1')
        return
      }
      const reason = 'a notification of its own did not come back'
      await eventually('the reason is known', async () => String((await state()).detail).startsWith(reason))
      expect(await isUp(one, 'notifications')).toBe('0')
      expect((await send(one, 'GET', '/readyz')).status).toBe(200)
    })

    test('have one leader at a time, and another when it stops', async () => {
      const { address } = await createTestDatabase(leaveEmpty)
      const log = createLogger({ level: 'silent' })
      const leadership = { address: bouncer.through(address), lock: 4711, name: 'test', does: 'leads', log }
      const stops = Array.from({ length: 3 }, () => new AbortController())
      const leading = new Set<number>()
      const led = new Set<number>()
      let together = 0
      const members = stops.map(({ signal }, index) =>
        runAsLeader(leadership, signal, async ({ ends }) => {
          leading.add(index)
          led.add(index)
          together = Math.max(together, leading.size)
          await new Promise<void>(resolve => ends.addEventListener('abort', () => resolve()))
          leading.delete(index)
        }),
      )
      for (let round = 1; round <= stops.length; round += 1) {
        await eventually('there is a leader who was none before', () => led.size === round && leading.size === 1)
        // The others go on asking meanwhile.
        await Bun.sleep(1_200)
        for (const index of leading) stops[index]?.abort()
      }
      await Promise.all(members)
      expect(together).toBe(1)
    })

    // The last one: with a key they serve nobody else.
    test('reject a revoked key within a second', async () => {
      const made = await send(one, 'POST', '/api/keys', { name: 'first', scopes: ['admin', 'orders:read'] })
      const headers = { authorization: `Bearer ${made.body.key}` }
      const statusOf = async (service: ServiceProcess) =>
        (await fetch(`${service.url}/api/orders/${randomUUID()}`, { headers })).status
      expect(await statusOf(one)).toBe(404)
      await eventually('the other instance knows the key', async () => (await statusOf(other)) === 404, newsDeadlineMs)
      const revoked = await fetch(`${one.url}/api/keys/${made.body.id}`, { method: 'DELETE', headers })
      expect(revoked.status).toBe(204)
      // Without any key this machine is served again; a caller who shows one that is none is told.
      const isKnown = async (service: ServiceProcess) => (await fetch(`${service.url}/api/orders/x`)).status === 404
      expect(await isKnown(one)).toBe(true)
      await eventually('the other instance knows that there is none', () => isKnown(other), newsDeadlineMs)
    })
  })
}
