import { afterAll, afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createMigratedDatabase } from './database.ts'
import { filled, isAlive, newDataDir, removeDataDirs, start, stopServers } from './embedded-servers.ts'
import { post, startPosting } from './http-load.ts'
import { countInDatabase, expectConsistent, expectOrders } from './invariants.ts'
import { eventually } from './kafka.ts'
import { makeOrders } from './orders.ts'
import {
  databaseEnv,
  endServices,
  newServiceDataDir,
  ownDatabase,
  ownPostgresPid,
  startServiceProcess,
} from './service-process.ts'

setDefaultTimeout(120_000)

afterEach(async () => {
  await endServices()
  await stopServers()
})
afterAll(removeDataDirs)

async function sharedDatabase() {
  const { address } = await createMigratedDatabase()
  return { address, env: databaseEnv(address) }
}

/** Sends orders to a service that has a DATA_DIR, and waits until it is busy with them. */
async function postToOwn(name: string, count: number) {
  const dataDir = await filled(newServiceDataDir())
  const env = { DATA_DIR: dataDir }
  const service = await startServiceProcess({ env })
  const urls = [service.url]
  const load = startPosting({ urls: () => urls, orders: makeOrders(count, name), senders: 64 })
  await eventually('orders are being placed', () => load.acknowledged.size > count / 20)
  return { dataDir, env, service, urls, load, address: ownDatabase(dataDir) }
}

type Posting = Pick<Awaited<ReturnType<typeof postToOwn>>, 'urls' | 'load' | 'address'>

async function expectAllPlaced({ urls, load, address }: Posting): Promise<void> {
  await load.finished
  expect(load.problems.slice(0, 5)).toEqual([])
  expect(load.acknowledged.size).toBe(load.sent.size)
  await expectOrders(urls[0] ?? '', load.sent, load.acknowledged)
  await expectConsistent(address)
  console.error(
    `  ${load.sent.size} orders, answers: ${[...load.answers].map(([status, n]) => `${n} × ${status}`).join(', ')}`,
  )
}

describe('orders that come in at once', () => {
  for (const instances of [1, 2]) {
    test(`${instances} instance(s): different ones are all placed, of the same one a single one is`, async () => {
      const { address, env } = await sharedDatabase()
      const services = await Promise.all(Array.from({ length: instances }, () => startServiceProcess({ env })))
      const urls = services.map(service => service.url)
      const load = startPosting({ urls: () => urls, orders: makeOrders(1_000, `many${instances}`), senders: 100 })
      const [order, ...others] = makeOrders(20, `same${instances}`).map(made => ({
        ...made,
        order_uid: `same${instances}`,
      }))
      const bodies = [order, order, order, ...others].map(made => JSON.stringify(made))
      const answers = await Promise.all(
        Array.from({ length: 240 }, (_, index) =>
          post(urls[index % instances] ?? '', bodies[index % bodies.length] ?? ''),
        ),
      )
      await expectOneWinner(answers, bodies)
      await load.finished
      const winner = JSON.parse(await (await fetch(`${urls[0]}/api/orders/same${instances}`)).text())
      const body =
        bodies.find(candidate => JSON.parse(candidate).payment.transaction === winner.payment.transaction) ?? ''
      const sent = new Map([...load.sent, [`same${instances}`, body]])
      for (const url of urls) await expectOrders(url, sent, sent.keys())
      await expectConsistent(address)
    })
  }
})

/** One body is placed; the same again is a duplicate, each other one a conflict. */
async function expectOneWinner(answers: readonly Awaited<ReturnType<typeof post>>[], bodies: readonly string[]) {
  const byStatus = Object.groupBy(answers.keys(), index => String(answers[index]?.status))
  expect(Object.keys(byStatus).sort()).toEqual(['200', '201', '409'])
  expect(byStatus[201]).toHaveLength(1)
  const stored = [...(byStatus[200] ?? []), ...(byStatus[201] ?? [])].map(index => bodies[index % bodies.length])
  expect(new Set(stored).size).toBe(1)
  const refused = (byStatus[409] ?? []).map(index => bodies[index % bodies.length])
  expect(refused).not.toContain(stored[0])
  for (const index of byStatus[409] ?? []) expect(answers[index]?.text).toContain('"code":"ORDER_CONFLICT"')
}

describe('faults under load', () => {
  test('the service is killed: what was acknowledged is there after the next start', async () => {
    const run = await postToOwn('service', 2_000)
    run.service.kill('SIGKILL')
    await run.service.exited
    const acknowledged = [...run.load.acknowledged]
    const next = await startServiceProcess({ env: run.env })
    await expectOrders(next.url, run.load.sent, acknowledged)
    run.urls[0] = next.url
    await expectAllPlaced(run)
    expect(run.load.answers.has('broken')).toBe(true)
  })

  test('its own PostgreSQL is killed: it is back by itself, and nothing acknowledged is lost', async () => {
    const run = await postToOwn('own', 2_000)
    process.kill(ownPostgresPid(run.dataDir) ?? 0, 'SIGKILL')
    await expectAllPlaced(run)
  })

  test('the PostgreSQL of others is killed and away: 503 with Retry-After, and it goes on by itself', async () => {
    const dataDir = await filled(newDataDir())
    const server = await start(dataDir, { durable: true })
    const service = await startServiceProcess({ env: databaseEnv(server.address) })
    const urls = [service.url]
    const load = startPosting({ urls: () => urls, orders: makeOrders(2_000, 'theirs'), senders: 64 })
    await eventually('orders are being placed', () => load.acknowledged.size > 200)
    process.kill(server.processId() ?? 0, 'SIGKILL')
    await server.stop()
    await eventually('orders are refused', () => load.answers.has(503))
    await start(dataDir, { durable: true })
    await expectAllPlaced({ urls, load, address: server.address })
  })

  test('connections are cut again and again: no order is lost or refused', async () => {
    const run = await postToOwn('cut', 2_000)
    let cut = 0
    while (run.load.acknowledged.size < 1_700) {
      const statement = `select count(pg_terminate_backend(pid)) from pg_stat_activity
                          where application_name like 'orders%' and pid <> pg_backend_pid()`
      cut += await countInDatabase(run.address, statement)
      const seen = run.load.acknowledged.size
      await eventually('it goes on', () => run.load.acknowledged.size > Math.min(seen + 100, 1_999))
    }
    expect(cut).toBeGreaterThan(5)
    await expectAllPlaced(run)
    expect(run.load.answers.get(503) ?? 0).toBe(0)
  })

  test('SIGTERM: it ends in good order, and what was acknowledged is there', async () => {
    const run = await postToOwn('sigterm', 2_000)
    const postgres = ownPostgresPid(run.dataDir)
    run.service.kill('SIGTERM')
    expect(await run.service.exited).toEqual({ code: 0, signal: null })
    await run.load.stop()
    expect(isAlive(postgres)).toBe(false)
    expect(await post(run.service.url, '{}')).toBeUndefined()
    const next = await startServiceProcess({ env: run.env })
    await expectOrders(next.url, run.load.sent, run.load.acknowledged)
    await expectConsistent(run.address)
    expect(run.load.problems).toEqual([])
  })
})
