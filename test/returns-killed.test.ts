import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import type { OrderDocument } from '../src/orders/document.ts'
import { createOrdersDatabase } from './app.ts'
import { brokenRules } from './invariants.ts'
import { eventually } from './kafka.ts'
import { returning } from './returns.ts'
import { databaseEnv, endServices, type ServiceProcess, startServiceProcess } from './service-process.ts'
import { parcelOrder } from './shipments.ts'
import { moveStock, stockOf } from './stock.ts'

/** The service is killed while units of returns come in and are refunded; some of it is asked for again, the rest is left to a worker. */

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

const chrtId = 820_000
const orders = 24

/** What tests ask of a service in a process of its own. */
function requestsTo({ url }: ServiceProcess) {
  return returning({
    pool: database.pool,
    call: (method, path, { body, headers = {} } = {}) =>
      fetch(url + path, {
        method,
        headers: { 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
  })
}

type Requests = ReturnType<typeof requestsTo>
type Approved = { order: OrderDocument; id: string }

/** An order that was paid in the sandbox and delivered, whose unit may come back. */
async function approvedReturn(r: Requests): Promise<Approved> {
  const order = await r.place(parcelOrder([chrtId], { isPaid: false }))
  const paying = { provider: 'sandbox', method_token: 'tok_approve' }
  await r.ask('POST', `/api/orders/${order.order_uid}/payments`, paying, { 'idempotency-key': order.order_uid })
  await r.send(order)
  return { order, id: await r.approved(order, [0]) }
}

/** The unit comes in, and is refunded. */
async function receiveAndRefund(r: Requests, { order, id }: Approved, onAnswer: () => void = () => undefined) {
  const ask = async (action: string, body: object) => {
    const { status } = await r.ask('POST', `/api/returns/${id}/${action}`, body, {
      'idempotency-key': `${id}-${action}`,
    })
    onAnswer()
    return status
  }
  const units = [{ rid: order.items[0]?.rid, condition: 'damaged' }]
  return [await ask('receive', { units }), await ask('refund', {})]
}

test('a return is received and refunded once, wherever between the two the service was killed', async () => {
  const first = await startServiceProcess({ env })
  const r = requestsTo(first)
  await moveStock(database.pool, { chrtId, quantity: orders })
  const returns = await Promise.all(Array.from({ length: orders }, () => approvedReturn(r)))
  let answers = 0
  const cutOff = await Promise.allSettled(
    returns.map(one =>
      receiveAndRefund(r, one, () => {
        answers += 1
        if (answers === orders + 4) first.kill('SIGKILL')
      }),
    ),
  )
  await first.exited
  expect(cutOff.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0)
  await database.pool.query("update idempotency_claims set claimed_until = now() - interval '1 second'")
  // What was begun belongs to the killed service for half a minute, which nobody waits for here.
  await database.pool.query("update returns set refund_due_at = now() where refund_state = 'pending'")
  await database.pool.query('update payment_operations set next_attempt_at = now() where next_attempt_at is not null')

  const second = requestsTo(await startServiceProcess({ env }))
  const asked = (parity: number) => returns.filter((_, index) => index % 2 === parity)
  const ask = (some: readonly Approved[]) => Promise.all(some.map(one => receiveAndRefund(second, one)))
  expect((await ask(asked(0))).flat()).toEqual(Array.from({ length: orders }, () => 200))
  await eventually('the worker has gone on with what was begun', async () => {
    const { rows } = await database.pool.query("select from returns where refund_state = 'pending'")
    return rows.length === 0
  })
  expect((await ask(asked(1))).flat()).toEqual(Array.from({ length: orders }, () => 200))

  const { rows } = await database.pool.query(
    `select r.state, r.refunded::int as refunded, p.refunded::int as of_payment,
            (select count(*)::int from payment_operations o where o.order_uid = r.order_uid and o.kind = 'refund') as refunds, count(*)::int as orders
       from returns r join payments p using (order_uid) group by 1, 2, 3, 4`,
  )
  expect(rows).toEqual([{ state: 'refunded', refunded: 100, of_payment: 100, refunds: 1, orders }])
  expect(await stockOf(database.pool, chrtId)).toEqual({ main: `${orders}/0` })
  expect(await brokenRules(database.pool)).toEqual([])
})
