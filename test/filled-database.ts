import { maintainPartitions } from '../src/events/partition-maintenance.ts'
import { enterReader } from '../src/events/readers.ts'
import { addToSums } from '../src/ledger/sums.ts'
import { createSandbox } from '../src/payments/providers/sandbox.ts'
import type { KafkaMessage } from '../src/platform/kafka/client.ts'
import { createLogger } from '../src/platform/log.ts'
import { readOwing } from '../src/webhooks/retry-queries.ts'
import { fillInventory } from './filled-inventory.ts'
import { fillCarts } from './filled-carts.ts'
import { fillDeliveries } from './filled-deliveries.ts'
import { fillPayments } from './filled-payments.ts'
import { fillReservations } from './filled-reservations.ts'
import { fillReturns } from './filled-returns.ts'
import { fillSettlements } from './filled-settlements.ts'
import { fillTracking } from './filled-tracking.ts'
import { fillPrices } from './filled-prices.ts'
import { eventually } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { changePaidOf } from './payment-status.ts'
import { startReceiver } from './receiver.ts'
import { seedDeadLetters } from './seed-dead-letters.ts'
import { consumerOfCommands, consumerOfOrders } from './topic-consumers.ts'
import { createWebhookApp } from './webhooks.ts'

const log = createLogger({ level: 'silent' })
const dayMs = 86_400_000
const todayMs = Math.floor(Date.now() / dayMs) * dayMs

/**
 * An app whose database has rows in every table, written by the service in every way that it has: orders by HTTP, in a batch, by
 * messages and out of dead letters; commands by HTTP and by messages; payments; items and stock; shipments and returns; deliveries of webhooks that went through and that wait; dead
 * letters in each state; keys; and a log of which one part was dropped and another sealed.
 */
export async function createFilledApp() {
  const t = await createWebhookApp()
  await makeOldPartitions(t.pool)
  const orders = makeOrders(16, 'filled').map((order, index) => ({
    ...order,
    payment: { ...order.payment, payment_dt: index % 3 === 0 ? 0 : order.payment.payment_dt },
    customer_id: index === 9 ? 'erased' : order.customer_id,
  }))
  const [good, bad] = [await startReceiver(), await startReceiver(() => 500)]
  const subscription = await t.subscribe(good.url)
  await t.ask('POST', `/api/webhooks/${subscription.id}/rotate-secret`)
  const failing = await t.subscribe(bad.url)
  const off = await t.subscribe(good.url)
  await t.ask('POST', `/api/webhooks/${off.id}/disable`)
  const delivering = t.deliver({ retryAfterMs: [600_000] })

  for (const [index, body] of orders.slice(0, 6).entries()) {
    await t.call('POST', '/api/orders', { body, headers: { 'idempotency-key': `order-${index}`, traceparent } })
  }
  const lines = orders.slice(6, 10).map(order => JSON.stringify(order))
  await (await t.call('POST', '/api/orders/batch', { body: `${lines.join('\n')}\n` })).text()
  await consume(t, orders.slice(10, 13))
  for (const command of ['hold', 'confirm', 'cancel']) {
    const path = `/api/orders/filled-1/${command}`
    await t.call('POST', path, { body: { reason: 'asked for', actor: 'ada' }, headers: { 'idempotency-key': command } })
  }
  await t.call('POST', '/api/orders/filled-2/hold', { body: { reason: 'by telephone', actor: 'bo' } })
  for (const address of ['1 First Street', '2 Second Street']) {
    await t.call('POST', '/api/orders/filled-12/delivery', { body: { address, reason: 'moved', actor: 'ada' } })
  }
  await changePaidOf(t.pool, {
    'filled-0': { paymentStatus: 'paid', confirm: true },
    'filled-3': { paymentStatus: 'authorized' },
    'filled-4': { paymentStatus: 'partially_refunded', reason: 'damaged' },
  })
  await changePaidOf(t.pool, { 'filled-4': { paymentStatus: 'refunded', reason: 'broken' } })
  await fillDeadLetters(t, orders.slice(13))
  await t.call('POST', '/api/customers/erased/erase', { body: { reason: 'asked for', actor: 'ada' } })
  await t.call('POST', '/api/orders/filled-6/erase', { body: { reason: 'asked for by a guest', actor: 'ada' } })
  await fillCarts(t)
  await fillPayments(t)
  await fillReturns(t)
  await fillDeliveries(t)
  await fillReservations(t)
  await fillInventory(t)
  await fillTracking(t)
  await fillSettlements(t.address)
  await fillPrices(t, 'filled')
  await t.pool.query(
    "insert into write_trials (filler) values ('.'); insert into message_tries values ('orders', 0, 7, 1)",
  )
  await fillSandbox(t.pool)
  await t.pool.query(`insert into idempotency_claims values ('\\x01', 'under way', '\\x02', gen_random_uuid(), now())`)
  await eventually('both receivers were called', async () => {
    const [delivered, failed] = [await t.deliveries(subscription.id), await t.deliveries(failing.id)]
    return delivered.length > 0 && failed.length > 0
  })
  await delivering.stop()
  await Promise.all([good.close(), bad.close()])
  await ageLog(t.pool)
  return { ...t, adminKey: await makeKeys(t) }
}

/** A key that is valid, and one that was revoked. From the first on every caller needs one. @returns the valid one */
async function makeKeys({ call }: FilledApp): Promise<string> {
  const make = async (scope: string, headers = {}) => {
    const response = await call('POST', '/api/keys', { body: { name: scope, scopes: [scope] }, headers })
    return (await response.json()) as { id: string; key: string }
  }
  const { key } = await make('admin')
  const headers = { authorization: `Bearer ${key}` }
  const { id } = await make('orders:read', headers)
  await call('DELETE', `/api/keys/${id}`, { headers })
  return key
}

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

type FilledApp = Awaited<ReturnType<typeof createWebhookApp>>

function messageOf(topic: string, offset: number, value: object): KafkaMessage {
  const bytes = Buffer.from(JSON.stringify(value))
  return { topic, partition: 0, offset: BigInt(offset), key: null, value: bytes, headers: [], timestampMs: Date.now() }
}

/** Orders and commands as Kafka hands them over. */
async function consume({ app, pool }: FilledApp, orders: readonly object[]): Promise<void> {
  const consumeOrders = consumerOfOrders({ intake: app.intake, pool })
  await consumeOrders(orders.map((order, index) => messageOf('orders', 1_000 + index, order)))
  await consumeOrders([messageOf('orders', 1_100, { order_uid: 'nothing else' })])
  const consumeCommands = consumerOfCommands({ carryOut: app.carryOut, pool })
  const command = { command_id: 'c-1', order_uid: 'filled-11', command: 'hold', reason: 'by message', actor: 'cy' }
  await consumeCommands([messageOf('orders.commands', 1, command)])
}

/** Dead letters that stay open, were refused again, edited, replayed and discarded. */
async function fillDeadLetters({ call, pool }: FilledApp, orders: readonly object[]): Promise<void> {
  const [first, second, third] = orders
  const ids = await seedDeadLetters(
    pool,
    'ORDER_INVALID',
    [{ ...first, entry: 7 }, 'noise', { ...second, entry: 7 }, third ?? {}],
    { key: Buffer.from('key'), headers: [[Buffer.from('a'), Buffer.from('b')]] },
  )
  const [edited, discarded, refused, whole] = ids
  const act = (id: string | undefined, action: string, body: object) =>
    call('POST', `/api/dead-letters/${id}/${action}`, { body })
  await act(refused, 'replay', { actor: 'ada', reason: 'again' })
  await act(edited, 'replay', { actor: 'ada', json: first })
  await act(discarded, 'discard', { actor: 'ada', reason: 'noise' })
  await act(whole, 'replay', { actor: 'ada' })
  await pool.query('update dead_letters set announced_at = now() where id = $1', [discarded])
}

/** A payment at the sandbox, and a webhook of it that is due later. */
async function fillSandbox(pool: FilledApp['pool']): Promise<void> {
  const { provider } = createSandbox({ pool, now: Date.now, log, basePath: '', deliver: async () => true })
  const ids = { paymentId: 'pay_filled', orderUid: 'filled-0', operationId: 'op_filled', providerRef: undefined }
  const money = { currency: 'USD', amount: 1817, capture: 'automatic', methodToken: 'tok_timeout' } as const
  await provider.authorize(
    { ...ids, ...money, returnUrl: undefined },
    AbortSignal.timeout(5_000),
    async () => undefined,
  )
}

/** Days of the past get partitions, which a log that begins today has none of. */
async function makeOldPartitions(pool: FilledApp['pool']): Promise<void> {
  await pool.query(`alter table events detach partition events_first;
    alter table events attach partition events_first for values from (minvalue) to ('${new Date(todayMs - 8 * dayMs).toISOString()}')`)
  for (let ago = 7; ago >= -1; ago -= 1) {
    await pool.query('select add_event_partition($1)', [new Date(todayMs - ago * dayMs)])
  }
}

/** As if some orders had come in earlier, and the oldest part of the log had been dropped. */
async function ageLog(pool: FilledApp['pool']): Promise<void> {
  for (const [uid, days] of [
    ['filled-7', 9],
    ['filled-8', 5],
  ] as const) {
    const back = `interval '${days} days'`
    await pool.query(`update events set recorded_at = recorded_at - ${back} where stream_id = '${uid}'`)
    await pool.query(`update orders set updated_at = updated_at - ${back} where order_uid = '${uid}'`)
    await pool.query(`delete from webhook_retry_queue where stream_id = '${uid}'`)
  }
  await pool.query(`delete from order_tallies`)
  await pool.query(`insert into order_tallies (bucket, currency, orders, amount)
    select date_bin('10 seconds', e.recorded_at, 'epoch'), o.currency, count(*), sum(o.amount)
      from events e join orders o on o.order_uid = e.stream_id
     where e.stream_type = 'order' and e.sequence = 1 group by 1, 2`)
  await pool.query(`delete from ledger_transfers where orders is not null;
    insert into ledger_start (recorded_at) values (now() - interval '20 days')`)
  for (const [kind, debit, credit, suffix] of [
    ['sale', 'receivable', 'revenue', 'sales'],
    ['capture', 'clearing:wbpay', 'receivable', 'arrivals'],
  ]) {
    await pool.query(
      `insert into ledger_transfers (transfer_id, kind, debit, credit, currency, amount, orders, recorded_at)
       select min(o.order_uid) || ':' || $4, $1, $2, $3, o.currency, sum(o.amount), count(*), e.recorded_at
         from events e join orders o on o.order_uid = e.stream_id
        where e.sequence = 1 and e.data::json ->> 'payment_status' = 'paid' and o.amount > 0
        group by o.currency, e.recorded_at`,
      [kind, debit, credit, suffix],
    )
  }
  while ((await addToSums(pool)) > 0);
  await enterReader(pool, 'kafka')
  await pool.query(`update log_readers set (xid, position) = (
    select xid, position from events order by xid desc, position desc limit 1)`)
  await maintainPartitions({
    owing: [readOwing],
    pool,
    retentionDays: 7,
    now: Date.now,
    isClockRight: () => true,
    onLooked: () => undefined,
    log,
  })
}
