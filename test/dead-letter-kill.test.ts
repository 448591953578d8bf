import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { createOrdersDatabase } from './app.ts'
import { makeOrders } from './orders.ts'
import { environmentOf, runCli } from './run-cli.ts'
import { seedDeadLetters } from './seed-dead-letters.ts'
import { databaseEnv, endServices, startServiceProcess } from './service-process.ts'

setDefaultTimeout(60_000)
afterEach(() => endServices())

test('killed during a bulk replay: a second replay places the rest, each order once, and every dead letter ends replayed', async () => {
  const { pool, address, drop } = await createOrdersDatabase()
  const count = 1_500
  const orders = makeOrders(count, 'killed')
  for (let first = 0; first < count; first += 500) {
    await seedDeadLetters(pool, 'ORDER_REFUSED_BY_STORE', orders.slice(first, first + 500))
  }
  const service = await startServiceProcess({ env: databaseEnv(address) })
  const response = await fetch(`${service.url}/api/dead-letters/replay`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code: 'ORDER_REFUSED_BY_STORE' }),
  })
  const lines = response.body?.getReader()
  expect((await lines?.read())?.value?.byteLength).toBeGreaterThan(0)
  service.kill('SIGKILL')
  await service.exited
  await lines?.cancel().catch(() => undefined)
  const stateCounts = async () => {
    const { rows } = await pool.query('select state, count(*)::int as letters from dead_letters group by 1 order by 1')
    return rows
  }
  const left = await stateCounts()
  expect(left.map(row => row.state)).toEqual(['open', 'replayed'])
  // Another program goes on, on the same database. One that meets an outage says so, and is run again.
  const goOn = () => runCli(['dead-letters', 'replay', '--code', 'ORDER_REFUSED_BY_STORE'], environmentOf(address))
  let rest = await goOn()
  for (let runs = 1; rest.out.includes('it stopped after an error') && runs < 3; runs += 1) rest = await goOn()
  expect(rest).toMatchObject({ exitCode: 0, out: expect.stringContaining(' 0 refused again') })
  expect(await stateCounts()).toEqual([{ state: 'replayed', letters: count }])
  const { rows } = await pool.query(
    `select (select count(*)::int from orders) as orders, (select count(*)::int from events) as events,
            (select count(distinct order_uid)::int from dead_letter_history) as named,
            (select count(*)::int from dead_letter_history where outcome = 'refused') as refused`,
  )
  expect(rows[0]).toEqual({ orders: count, events: count, named: count, refused: 0 })
  await drop()
})
