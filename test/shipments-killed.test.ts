import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createOrdersDatabase } from './app.ts'
import { brokenRules } from './invariants.ts'
import { databaseEnv, endServices, type ServiceProcess, startServiceProcess } from './service-process.ts'
import { parcelOrder, shipping } from './shipments.ts'
import { moveStock, stockOf } from './stock.ts'

/** The service is killed while shipments leave and are cancelled; their senders ask again. */

setDefaultTimeout(120_000)

let database: Awaited<ReturnType<typeof createOrdersDatabase>>
let env: Record<string, string>

beforeAll(async () => {
  database = await createOrdersDatabase()
  env = databaseEnv(database.address)
})

afterAll(async () => {
  await endServices()
  await database.drop()
})

const chrtId = 810_000
const orders = 60

/** What tests ask of a service in a process of its own. */
function requestsTo({ url }: ServiceProcess) {
  return shipping({
    pool: database.pool,
    call: (method, path, { body, headers = {} } = {}) =>
      fetch(url + path, {
        method,
        headers: { 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
  })
}

test('what a killed service had shipped or cancelled is so once, and everything else is done when it is asked for again', async () => {
  await moveStock(database.pool, { chrtId, quantity: 2 * orders })
  const first = await startServiceProcess({ env })
  const { place, plan } = requestsTo(first)
  const placed = await Promise.all(
    Array.from({ length: orders }, (_, index) => place(parcelOrder([chrtId, chrtId], { uid: `killed-${index}` }))),
  )
  const shipments = await Promise.all(placed.map(order => plan(order, [0, 1])))
  // Every third one is cancelled at the same time.
  const asks = shipments.flatMap(({ id }, index) => [
    { path: `/api/shipments/${id}/ship`, key: `ship-${index}` },
    ...(index % 3 === 0 ? [{ path: `/api/shipments/${id}/cancel`, key: `cancel-${index}` }] : []),
  ])
  const askAll = async (service: ServiceProcess, onAnswer: () => void = () => undefined) => {
    const { ask } = requestsTo(service)
    return Promise.allSettled(
      asks.map(async ({ path, key }) => {
        const { status } = await ask('POST', path, {}, { 'idempotency-key': key })
        onAnswer()
        return status
      }),
    )
  }
  let answers = 0
  const cutOff = await askAll(first, () => {
    answers += 1
    if (answers === 10) first.kill('SIGKILL')
  })
  await first.exited
  expect(cutOff.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0)
  await database.pool.query("update idempotency_claims set claimed_until = now() - interval '1 second'")

  const second = await startServiceProcess({ env })
  const again = await askAll(second)
  expect(again.filter(one => one.status === 'rejected' || ![200, 409].includes(one.value))).toEqual([])
  // An answer that the killed service gave is given again.
  for (const [index, one] of cutOff.entries()) if (one.status === 'fulfilled') expect(again[index]).toEqual(one)
  const { rows } = await database.pool.query<{ state: string; count: number }>(
    'select state, count(*)::int as count from shipments group by state order by state',
  )
  const cancelled = Math.ceil(orders / 3)
  expect(rows).toEqual([
    { state: 'cancelled', count: cancelled },
    { state: 'shipped', count: orders - cancelled },
  ])
  // What was cancelled is reserved again, whether it had left before or not.
  expect(await stockOf(database.pool, chrtId)).toEqual({ main: `${2 * cancelled}/${2 * cancelled}` })
  expect(await brokenRules(database.pool)).toEqual([])
})
