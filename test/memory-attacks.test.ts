import { afterAll, afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { createMigratedDatabase } from './database.ts'
import { printFigures, recordFigures } from './fault-figures.ts'
import { watchService } from './fault-watch.ts'
import { post } from './http-load.ts'
import { countInDatabase } from './invariants.ts'
import { eventually } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { databaseEnv, endServices, type ServiceProcess, startServiceProcess } from './service-process.ts'
import { openUnread, statusOf, type Unread } from './unread.ts'

/**
 * What callers can make the service hold in memory is bounded by one budget: beyond it they are refused with 503 and Retry-After, and
 * orders are taken meanwhile.
 */

/** 350 MB, which are 334 MiB. On busy machines the most was 259 MiB; without the budget it was 584 to 1,200. */
const memoryMiBMax = 350e6 / 1024 ** 2
/** How long an attack may take on a machine that is busy with something else. */
const attackMs = 150_000
setDefaultTimeout(2 * attackMs)

const open: Unread[] = []
afterEach(async () => {
  for (const connection of open.splice(0)) connection.close()
  await endServices()
})
afterAll(printFigures)

async function openAll(count: number, make: (index: number) => Promise<Unread>): Promise<Unread[]> {
  const opened: Unread[] = []
  // Not all at once: the queue of connections that wait to be accepted is short.
  for (let index = 0; index < count; index += 50) {
    opened.push(...(await Promise.all(Array.from({ length: Math.min(50, count - index) }, (_, n) => make(index + n)))))
  }
  open.push(...opened)
  return opened
}

let placed = 0

/** Runs an attack against a service of its own, places orders all the while, and judges what it was like. */
async function underAttack(fault: string, attack: (service: ServiceProcess) => Promise<readonly Unread[]>) {
  const { address } = await createMigratedDatabase()
  const service = await startServiceProcess({ env: databaseEnv(address) })
  const watch = watchService(service.url, service.pid)
  let isOver = false
  let acknowledged = 0
  let hung = 0
  const name = fault.replaceAll(/[^a-z0-9]/g, '-')
  const placing = (async () => {
    while (!isOver) {
      placed += 1
      const answer = await post(service.url, JSON.stringify(makeOrders(1, `${name}-${placed}`)[0]))
      if (answer?.status === 201) acknowledged += 1
      // A service that gets no processor time may refuse one, and says so.
      else if (answer?.status !== 503) hung += 1
      await Bun.sleep(20)
    }
  })()
  const attackers = await attack(service)
  await eventually('it is ready', async () => (await fetch(`${service.url}/readyz`)).status === 200, attackMs)
  isOver = true
  await placing
  const watched = await watch.end()
  const { used, limit } = await memoryBudgetOf(service)
  const stored = await countInDatabase(address, `select count(*) from orders where order_uid like '${name}-%'`)
  const statuses = Map.groupBy(attackers, statusOf)
  recordFigures(fault, {
    tries: attackers.length + acknowledged + hung,
    lost: acknowledged - stored,
    doubled: 0,
    hung,
    ...watched,
  })
  expect({ lost: acknowledged - stored, hung }).toEqual({ lost: 0, hung: 0 })
  expect(acknowledged).toBeGreaterThan(0)
  expect(watched.memoryMiB).toBeLessThan(memoryMiBMax)
  expect(used).toBeLessThanOrEqual(limit)
  for (const attacker of attackers) attacker.close()
  await eventually('what they held is free', async () => (await memoryBudgetOf(service)).used === 0, attackMs)
  return statuses
}

/** What the service holds for callers by its own account, and the most that it may, in bytes. */
async function memoryBudgetOf({ url }: ServiceProcess): Promise<{ used: number; limit: number }> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  const sumOf = (name: string) =>
    [...metrics.matchAll(new RegExp(`^${name}\\S* (\\d+)$`, 'gm'))].reduce((sum, [, value]) => sum + Number(value), 0)
  return { used: sumOf('memory_budget_used_bytes'), limit: sumOf('memory_budget_limit_bytes') }
}

function expectRefused(refused: readonly Unread[] = []): void {
  expect(refused.length).toBeGreaterThan(0)
  for (const { head } of refused) {
    expect(head()).toMatch(/\r\nretry-after: \d+\r\n/i)
    expect(head()).toContain('"code":"OVERLOADED"')
  }
}

const get = (path: string, accept: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: ${accept}\r\n\r\n`

/** A megabyte each, which no compression makes small: the server would send less of them from its tables. */
async function placeLargeOrders(url: string, count: number): Promise<void> {
  for (const order of makeOrders(count, 'large')) {
    const answer = await post(url, JSON.stringify({ ...order, note: 'é'.repeat(500_000) }))
    expect(answer?.status).toBe(201)
  }
}

for (const [path, type] of [
  ['/api/orders', 'application/json'],
  ['/api/orders/batch', 'application/x-ndjson'],
]) {
  test(`400 bodies for ${path} that lack a byte`, async () => {
    const sizeBytes = 1_000_000
    const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: ${sizeBytes}\r\n\r\n`
    const statuses = await underAttack(`400 bodies short of a byte, ${path}`, async ({ url }) => {
      const bodies = await openAll(400, () => openUnread(url, head))
      await Promise.all(bodies.map(body => body.send(Buffer.alloc(sizeBytes - 1, 0x20))))
      await eventually('most are refused', () => bodies.filter(body => statusOf(body) === 503).length > 300, attackMs)
      return bodies
    })
    expectRefused(statuses.get(503))
  })
}

for (const accept of ['application/json', 'application/x-ndjson']) {
  test(`120 lists of large orders as ${accept} that nobody reads`, async () => {
    const path = accept === 'application/json' ? '/api/orders?limit=1000' : '/api/orders'
    const statuses = await underAttack(`120 unread lists, ${accept}`, async ({ url }) => {
      await placeLargeOrders(url, 40)
      const lists = await openAll(120, () => openUnread(url, get(path, accept)))
      await eventually('each has its answer', () => lists.every(list => statusOf(list) > 0), attackMs)
      return lists
    })
    expect(statuses.get(200)?.length).toBeGreaterThan(5)
    // Of the lines, those that wait are bounded, and not who may ask for them.
    if (accept === 'application/json') expectRefused(statuses.get(503))
  })
}

test('20 batches whose results nobody reads', async () => {
  // A line that breaks most rules has a result of two kilobytes.
  const lines = Buffer.from(
    `${JSON.stringify({ ...makeOrders(1, 'bad')[0], delivery: {}, payment: {}, items: [{}] })}\n`.repeat(500),
  )
  const size = lines.byteLength.toString(16)
  const chunk = Buffer.concat([Buffer.from(`${size}\r\n`), lines, Buffer.from('\r\n')])
  const head =
    'POST /api/orders/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n'
  const statuses = await underAttack('20 unread batches', async ({ url }) => {
    const batches = await openAll(20, () => openUnread(url, head))
    await Promise.all(
      batches.map(async batch => {
        for (let part = 0; part < 3; part += 1) await batch.send(chunk)
        await batch.send(Buffer.from('0\r\n\r\n'))
      }),
    )
    await eventually('each has its answer', () => batches.every(batch => statusOf(batch) > 0), attackMs)
    return batches
  })
  expect([...statuses.keys()]).toEqual([200])
})

/** Why a stream is refused that could not find out in time where the log ends; it is opened again. */
const tooManyReads = 'too much of this kind is asked for at a time'

test('2,300 streams, most of which read nothing', async () => {
  const statuses = await underAttack('2,300 streams', async ({ url }) => {
    const follow = async (index: number): Promise<Unread> => {
      const stream = await openUnread(url, get('/api/events', 'text/event-stream'), index % 10 === 0)
      await eventually('it has its answer', () => statusOf(stream) > 0, attackMs)
      if (!stream.head().includes(tooManyReads)) return stream
      stream.close()
      return follow(index)
    }
    const streams = await openAll(2_300, follow)
    await placeLargeOrders(url, 20)
    return streams
  })
  expect(statuses.get(200)?.length).toBeGreaterThan(1_900)
  expectRefused(statuses.get(503))
})
