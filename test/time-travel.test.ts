import { afterAll, afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { chownSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { OrderDocument } from '../src/orders/document.ts'
import { connected, filled, newDataDir, removeDataDirs, start, stopServers } from './embedded-servers.ts'
import { post } from './http-load.ts'
import { eventually, kafkaAvailability, testBroker } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { type Receiver, startReceiver } from './receiver.ts'
import { followEvents } from './server-sent-events.ts'
import { databaseEnv, endServices, startServiceProcess } from './service-process.ts'
import { makeTopics, readTopic } from './topics.ts'

/**
 * The database goes back in time under a running service: a base backup takes the place of the server, by itself or as one that
 * was promoted, and what was written since is lost. Whatever is new after it reaches every reader.
 */

setDefaultTimeout(120_000)
let receiver: Receiver
afterEach(async () => {
  await endServices()
  await stopServers()
  await receiver.close()
})
afterAll(removeDataDirs)

/** With owners: as root the server runs as somebody else. */
const copy = (from: string, to: string) => execFileSync('cp', ['-a', from, to])

function writeAs(folder: string, name: string, text: string): void {
  const { uid, gid } = statSync(folder)
  writeFileSync(join(folder, name), text)
  chownSync(join(folder, name), uid, gid)
}

/** Takes a base backup, as `pg_basebackup` does. */
async function backUp(server: Awaited<ReturnType<typeof start>>, dataDir: string, backup: string): Promise<void> {
  const client = await connected(server)
  await client.query("select pg_backup_start('test', true)")
  copy(join(dataDir, 'postgres'), backup)
  const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop(false)')
  await client.end()
  for (const name of ['postmaster.pid', 'postmaster.opts', 'pg_wal'])
    rmSync(join(backup, name), { recursive: true, force: true })
  copy(join(dataDir, 'postgres', 'pg_wal'), join(backup, 'pg_wal'))
  writeAs(backup, 'backup_label', rows[0]?.labelfile ?? '')
}

for (const promoted of [false, true]) {
  const how = promoted
    ? 'that is promoted takes the place of the server of two instances'
    : 'takes the place of the server'
  test(`a base backup ${how}: webhooks, streams and Kafka miss nothing new`, async () => {
    const topics = promoted && kafkaAvailability() === null ? await makeTopics(await testBroker()) : undefined
    receiver = await startReceiver()
    const dataDir = await filled(newDataDir())
    const server = await start(dataDir)
    const env = { ...databaseEnv(server.address), ...topics?.env, WEBHOOKS_ALLOW_PRIVATE: 'true' }
    const service = await startServiceProcess({ env })
    const services = promoted ? [service, await startServiceProcess({ env })] : [service]
    const hook = JSON.stringify({ url: receiver.url })
    const headers = { 'content-type': 'application/json' }
    expect((await fetch(`${service.url}/api/webhooks`, { method: 'POST', headers, body: hook })).status).toBe(201)
    const followers = services.map(({ url }) => followEvents(() => `${url}/api/events`, '0-0'))
    const delivered = () => new Set(receiver.received.map(({ event }) => event.order_uid))
    const streamed = (uid: string) => followers.every(({ events }) => events.some(event => event.order_uid === uid))
    const place = (order: OrderDocument, index: number) =>
      eventually('it is placed', async () => {
        const { url } = services[index % services.length] ?? service
        const answer = await post(url, JSON.stringify(order)).catch(() => undefined)
        return answer?.status === 201 || answer?.status === 200
      })
    const placeAll = async (prefix: string, count: number, isOneByOne = false) => {
      const orders = makeOrders(count, prefix)
      if (isOneByOne) for (const [index, order] of orders.entries()) await place(order, index)
      else await Promise.all(orders.map(place))
      await eventually('webhooks have them', () => orders.every(({ order_uid: uid }) => delivered().has(uid)), 40_000)
      await eventually('streams have them', () => orders.every(({ order_uid: uid }) => streamed(uid)), 40_000)
    }
    await placeAll('before', 10)
    const backup = join(newDataDir(), 'backup')
    await backUp(server, dataDir, backup)
    // One at a time, so that the lost tail has more transactions than what comes after it.
    await placeAll('lost', 40, true)
    const seen = new Set(receiver.received.map(({ event }) => event.id))

    await stopServers()
    rmSync(join(dataDir, 'postgres'), { recursive: true })
    copy(backup, join(dataDir, 'postgres'))
    if (promoted) writeAs(join(dataDir, 'postgres'), 'recovery.signal', '')
    const settings = { shared_buffers: '16MB', restore_command: 'false', recovery_target_timeline: 'current' }
    const restored = await start(dataDir, { settings })
    const client = await connected(restored)
    const timeline = 'select left(pg_walfile_name(pg_current_wal_lsn()), 8) as timeline'
    await eventually('recovery is over', async () => {
      const { rows } = await client.query('select not pg_is_in_recovery() as over')
      return rows[0].over
    })
    expect((await client.query(timeline)).rows).toEqual([{ timeline: promoted ? '00000002' : '00000001' }])
    await client.end()

    await placeAll('new', 12)
    // The first instance that looks moves the log on, for all of them.
    const noticed = services.filter(({ output }) => output().includes('its event log goes on behind what it has'))
    expect(noticed.length).toBeGreaterThan(0)
    const ids = receiver.received.filter(({ event }) => event.order_uid.startsWith('new-')).map(({ event }) => event.id)
    expect(ids.filter(id => seen.has(id))).toEqual([])
    const history = await (await fetch(`${service.url}/api/events?limit=1000`)).json()
    expect((history as { order_uid: string }[]).filter(({ order_uid: uid }) => uid.startsWith('lost-'))).toEqual([])
    for (const { url } of services) expect((await fetch(`${url}/api/orders/lost-0`)).status).toBe(404)
    if (topics !== undefined) {
      const isPublished = async () => {
        const keys = new Set((await readTopic(topics.brokers, topics.events)).map(({ message }) => String(message.key)))
        return makeOrders(12, 'new').every(({ order_uid: uid }) => keys.has(uid))
      }
      await eventually('Kafka has them', isPublished, 40_000)
    }
    await Promise.all(followers.map(follower => follower.stop()))
  })
}

test('a restart of the server alone changes nothing: no id is skipped', async () => {
  receiver = await startReceiver()
  const dataDir = await filled(newDataDir())
  const server = await start(dataDir)
  const service = await startServiceProcess({ env: databaseEnv(server.address) })
  const [first, second] = makeOrders(2, 'restart')
  expect((await post(service.url, JSON.stringify(first)))?.status).toBe(201)
  await stopServers()
  const again = await start(dataDir)
  await eventually('orders are taken', async () => {
    const answer = await post(service.url, JSON.stringify(second)).catch(() => undefined)
    return answer?.status === 201 || answer?.status === 200
  })
  const client = await connected(again)
  const { rows } = await client.query('select log_shift() as shift, max(position) < 10000 as small from events')
  expect(rows).toEqual([{ shift: '0', small: true }])
  await client.end()
  expect(service.output()).not.toContain('goes on behind')
})
