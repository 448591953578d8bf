import { afterAll, afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { createMigratedDatabase } from './database.ts'
import { filled } from './embedded-servers.ts'
import { printFigures, recordFigures } from './fault-figures.ts'
import { type Watched, watchService } from './fault-watch.ts'
import { countInDatabase, expectConsistent, queryDatabase } from './invariants.ts'
import { eventually } from './kafka.ts'
import { makeOrders, repeatableRandom } from './orders.ts'
import {
  databaseEnv,
  endServices,
  newServiceDataDir,
  ownDatabase,
  ownPostgresPid,
  startServiceProcess,
} from './service-process.ts'

/**
 * Faults, with figures: what was tried, what of it was lost, doubled or never answered, how long /livez was silent and how much
 * memory the service took. `make faults` repeats each FAULT_ROUNDS times, and then the other tests of faults; the suite tries
 * each once.
 */

const rounds = Number(process.env.FAULT_ROUNDS ?? 1)
setDefaultTimeout(120_000 * rounds)

/** A request without an answer for so long counts as hung. */
const timeoutMs = 30_000
const senders = 32
const random = repeatableRandom('faults')

afterEach(async () => {
  await endServices()
})
afterAll(printFigures)

type Answer = { status: number } | 'broken' | 'hung'

async function send(url: string, path: string, body: string, headers: Record<string, string> = {}): Promise<Answer> {
  try {
    const response = await fetch(url + path, { method: 'POST', body, headers, signal: AbortSignal.timeout(timeoutMs) })
    await response.text()
    return { status: response.status }
  } catch (error) {
    return error instanceof Error && error.name === 'TimeoutError' ? 'hung' : 'broken'
  }
}

/** Places orders by many senders, each again until it is acknowledged. */
function startPlacing(url: () => string, name: string, count: number) {
  const orders = makeOrders(count, name)
  const tally = { acknowledged: new Set<string>(), hung: 0, tries: 0 }
  let next = 0
  async function sender(): Promise<void> {
    for (let order = orders[next++]; order !== undefined; order = orders[next++]) {
      for (;;) {
        tally.tries += 1
        const answer = await send(url(), '/api/orders', JSON.stringify(order))
        if (answer === 'hung') tally.hung += 1
        if (typeof answer === 'object' && [200, 201].includes(answer.status)) break
        await sleep(20)
      }
      tally.acknowledged.add(order.order_uid)
    }
  }
  const finished = Promise.all(Array.from({ length: senders }, sender)).then(() => undefined)
  return { tally, finished }
}

type Address = Parameters<typeof queryDatabase>[0]

async function judge(fault: string, address: Address, placed: ReturnType<typeof startPlacing>, watched: Watched) {
  const { acknowledged, hung, tries } = placed.tally
  const rows = await queryDatabase(address, 'select order_uid from orders')
  const stored = new Set(rows.map(row => String(row.order_uid)))
  const lost = [...acknowledged].filter(uid => !stored.has(uid)).length
  const doubled = await countInDatabase(
    address,
    `select count(*) from (select stream_id from events where type = 'order.placed'
      group by stream_id having count(*) > 1) twice`,
  )
  recordFigures(fault, { tries, lost, doubled, hung, ...watched })
  expect({ lost, doubled, hung }).toEqual({ lost: 0, doubled: 0, hung: 0 })
  // 350 MB.
  expect(watched.memoryMiB).toBeLessThan(350e6 / 1024 ** 2)
  await expectConsistent(address)
}

test('the service is killed at a random moment', async () => {
  const { address } = await createMigratedDatabase()
  const env = databaseEnv(address)
  let service = await startServiceProcess({ env })
  const watch = watchService(service.url, service.pid)
  const placed = startPlacing(() => service.url, 'killed', 400 * rounds)
  for (let round = 1; round <= rounds; round += 1) {
    await eventually('orders are placed', () => placed.tally.acknowledged.size >= 400 * round - 300)
    await sleep(random() * 100)
    service.kill('SIGKILL')
    await service.exited
    service = await startServiceProcess({ env })
    watch.follow(service.url, service.pid)
  }
  await placed.finished
  await judge('the service killed', address, placed, await watch.end())
})

test('every connection to the database is terminated at a random moment', async () => {
  const { address } = await createMigratedDatabase()
  const service = await startServiceProcess({ env: databaseEnv(address) })
  const watch = watchService(service.url, service.pid)
  const placed = startPlacing(() => service.url, 'cut', 400 * rounds)
  for (let round = 1; round <= rounds; round += 1) {
    await eventually('orders are placed', () => placed.tally.acknowledged.size >= 400 * round - 300)
    await sleep(random() * 100)
    await queryDatabase(
      address,
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`,
    )
  }
  await placed.finished
  await judge('connections ended', address, placed, await watch.end())
})

/** Waits until a server answers: one that was killed has its number, and may have its process, for a while. @returns its number */
async function answeringPostgres(dataDir: string): Promise<number> {
  const answers = async () => (await countInDatabase(ownDatabase(dataDir), 'select 1').catch(() => 0)) === 1
  await eventually('PostgreSQL answers', answers, timeoutMs)
  return ownPostgresPid(dataDir) ?? Number.NaN
}

test('PostgreSQL is killed at a random moment, and hangs', async () => {
  const dataDir = await filled(newServiceDataDir())
  const service = await startServiceProcess({ env: { DATA_DIR: dataDir } })
  const watch = watchService(service.url, service.pid)
  const placed = startPlacing(() => service.url, 'postgres', 400 * rounds)
  for (let round = 1; round <= rounds; round += 1) {
    await eventually('orders are placed', () => placed.tally.acknowledged.size >= 400 * round - 300, timeoutMs)
    await sleep(random() * 100)
    const pid = await answeringPostgres(dataDir)
    process.kill(pid, round % 2 === 1 ? 'SIGKILL' : 'SIGSTOP')
    if (round % 2 === 1) continue
    await sleep(1_000)
    process.kill(pid, 'SIGCONT')
  }
  await placed.finished
  await answeringPostgres(dataDir)
  await judge('PostgreSQL killed', ownDatabase(dataDir), placed, await watch.end())
})

test('two instances are told to stop in turn while orders come in', async () => {
  const { address } = await createMigratedDatabase()
  const env = databaseEnv(address)
  const services = [await startServiceProcess({ env }), await startServiceProcess({ env })]
  const watch = watchService(services[1]?.url ?? '', services[1]?.pid ?? 0)
  let turn = 0
  const placed = startPlacing(() => services[turn++ % 2]?.url ?? '', 'stopped', 400 * rounds)
  for (let round = 1; round <= rounds; round += 1) {
    await eventually('orders are placed', () => placed.tally.acknowledged.size >= 400 * round - 300)
    const [service] = services
    service?.kill('SIGTERM')
    expect(await service?.exited).toEqual({ code: 0, signal: null })
    services[0] = await startServiceProcess({ env })
  }
  await placed.finished
  await judge('one of two told to stop', address, placed, await watch.end())
})

test('one idempotency key is used a hundred times at once', async () => {
  const { address } = await createMigratedDatabase()
  const service = await startServiceProcess({ env: databaseEnv(address) })
  const watch = watchService(service.url, service.pid)
  const placed = startPlacing(() => service.url, 'storm', 10)
  for (let round = 1; round <= rounds; round += 1) {
    const [order] = makeOrders(1, `once${round}`)
    const headers = { 'idempotency-key': `storm-${round}` }
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => send(service.url, '/api/orders', JSON.stringify(order), headers)),
    )
    placed.tally.tries += answers.length
    placed.tally.hung += answers.filter(answer => answer === 'hung').length
    const odd = answers.filter(answer => typeof answer !== 'object' || ![201, 409].includes(answer.status))
    expect(odd).toEqual([])
    if (order !== undefined) placed.tally.acknowledged.add(order.order_uid)
  }
  await placed.finished
  await judge('a storm of one key', address, placed, await watch.end())
})

test('orders that are slow to reject arrive between others', async () => {
  const { address } = await createMigratedDatabase()
  const service = await startServiceProcess({ env: databaseEnv(address) })
  const watch = watchService(service.url, service.pid)
  const placed = startPlacing(() => service.url, 'poison', 100 * rounds)
  const [order] = makeOrders(1, 'bad')
  for (let round = 1; round <= rounds; round += 1) {
    for (const phone of [`${'1'.repeat(100_000)}x`, `+${' '.repeat(500_000)}x`, '('.repeat(900_000)]) {
      const body = JSON.stringify({ ...order, delivery: { ...order?.delivery, phone } })
      placed.tally.tries += 1
      expect(await send(service.url, '/api/orders', body)).toEqual({ status: 400 })
    }
  }
  await placed.finished
  const watched = await watch.end()
  // A tenth of this on an idle machine; the build before was silent for nine seconds.
  expect(watched.silenceMs).toBeLessThan(5_000)
  await judge('poison between orders', address, placed, watched)
})

test('one order is locked while 40 commands wait for it', async () => {
  const { address } = await createMigratedDatabase()
  const service = await startServiceProcess({ env: databaseEnv(address) })
  const watch = watchService(service.url, service.pid)
  expect(await send(service.url, '/api/orders', JSON.stringify(makeOrders(1, 'locked')[0]))).toEqual({ status: 201 })
  const holder = new Client({ ...address, password: address.password ?? '' })
  await holder.connect()
  await holder.query("begin; select from orders where order_uid = 'locked-0' for update")
  const commands = Array.from({ length: 40 }, () => send(service.url, '/api/orders/locked-0/hold', ''))
  const placed = startPlacing(() => service.url, 'beside', 400 * rounds)
  placed.tally.tries += commands.length
  await placed.finished
  expect((await fetch(`${service.url}/readyz`)).status).toBe(200)
  await holder.query('rollback')
  await holder.end()
  placed.tally.hung += (await Promise.all(commands)).filter(answer => answer === 'hung').length
  await judge('one order locked', address, placed, await watch.end())
})

test('the database is read-only for a while', async () => {
  const { address } = await createMigratedDatabase()
  const service = await startServiceProcess({ env: databaseEnv(address) })
  const watch = watchService(service.url, service.pid)
  const placed = startPlacing(() => service.url, 'read-only', 400 * rounds)
  const elsewhere = { ...address, database: 'postgres' }
  const readiness = async () => (await fetch(`${service.url}/readyz`)).status
  const endSessions = `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${address.database}'`
  for (let round = 1; round <= rounds; round += 1) {
    await eventually('orders are placed', () => placed.tally.acknowledged.size >= 400 * round - 300, timeoutMs)
    await queryDatabase(elsewhere, `alter database ${address.database} set default_transaction_read_only = on`)
    await queryDatabase(elsewhere, endSessions)
    await eventually('it is not ready', async () => (await readiness()) === 503)
    await queryDatabase(elsewhere, `alter database ${address.database} reset default_transaction_read_only`)
    await queryDatabase(elsewhere, endSessions)
    await eventually('it is ready again', async () => (await readiness()) === 200)
  }
  await placed.finished
  await judge('read-only server', address, placed, await watch.end())
})
