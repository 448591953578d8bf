import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createTestDatabase } from '../../test/database.ts'
import { brokenRules } from '../../test/invariants.ts'
import { migrations } from '../database.ts'
import { createLogger } from '../platform/log.ts'
import { migrate } from '../platform/migrations.ts'
import { createPool, type Pool } from '../platform/postgres.ts'
import { exampleOrder } from './example.ts'
import { readSums } from './overview-queries.ts'
import { recountTallies } from './tally-recount.ts'

const log = createLogger({ level: 'silent' })

let database: Awaited<ReturnType<typeof createTestDatabase>>
let pool: Pool

beforeAll(async () => {
  // The last version that left the sums to a reader of the log.
  database = await createTestDatabase(address => migrate(address, migrations, '0012_log_goes_on.sql'))
  pool = createPool(database.address, { connectionsMax: 2, name: 'test', log })
})

afterAll(async () => {
  await pool.end()
  await database.drop()
})

/** An order as an instance of that version writes it: with its lines and its event, and no sum. */
async function placeAsBefore(uid: string): Promise<number> {
  const order = exampleOrder(uid, Date.now(), Math.random)
  await pool.query(
    `with at as (select date_trunc('milliseconds', now()) as moment), placed as (
       insert into orders (order_uid, document, customer_id, track_number, currency, amount, created_at, status,
                           payment_status, delivery_status, version, updated_at)
       select $1, $2, d ->> 'customer_id', d ->> 'track_number', d #>> '{payment,currency}',
              (d #>> '{payment,amount}')::bigint, (d ->> 'date_created')::timestamptz, 'confirmed', 'paid', 'unfulfilled', 1, moment
         from at, (select $2::json as d) document
     ), lines as (
       insert into order_items (order_uid, line, chrt_id, nm_id, price, sale, total_price)
       select $1, n - 1, (i ->> 'chrt_id')::bigint, (i ->> 'nm_id')::bigint, (i ->> 'price')::bigint,
              (i ->> 'sale')::smallint, (i ->> 'total_price')::bigint
         from json_array_elements($2::json -> 'items') with ordinality item (i, n)
     )
     insert into events (order_uid, sequence, type, recorded_at, data)
     select $1, 1, 'order.placed', moment,
            '{"status":"confirmed","payment_status":"paid","delivery_status":"unfulfilled"}' from at`,
    [uid, JSON.stringify(order)],
  )
  return order.payment.amount
}

async function sumNow() {
  const sums = await readSums(pool, Date.now() - 3_600_000)
  return {
    orders: sums.reduce((all, { orders }) => all + orders, 0),
    amount: sums.reduce((all, s) => all + Number(s.amount), 0),
  }
}

test('orders that old instances place during an upgrade are added to the sums, once', async () => {
  const before = await placeAsBefore('before')
  // The last migration that older instances survive: they are still there, and their orders are in no sum.
  await migrate(database.address, migrations, '0020_message_tries.sql')
  expect(await sumNow()).toEqual({ orders: 1, amount: before })
  const during = [await placeAsBefore('during'), await placeAsBefore('later')]
  await migrate(database.address, migrations)
  expect((await brokenRules(pool)).map(({ invariant }) => invariant)).toEqual(['order-totals'])
  const recounts = await Promise.all([recountTallies(pool), recountTallies(pool)])
  expect(recounts.toSorted()).toEqual([0, 2])
  const total = during.reduce((sum, amount) => sum + amount, before)
  expect(await sumNow()).toEqual({ orders: 3, amount: total })
  expect((await pool.query("select from log_readers where name = 'tally-recount'")).rowCount).toBe(0)
  expect(await brokenRules(pool)).toEqual([])
})

test('a database that was not just upgraded is not recounted', async () => {
  const fresh = await createTestDatabase(address => migrate(address, migrations))
  const other = createPool(fresh.address, { connectionsMax: 1, name: 'test', log })
  expect(await recountTallies(other)).toBe(0)
  await other.end()
  await fresh.drop()
})
