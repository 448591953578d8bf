import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { brokenRules } from '../../test/invariants.ts'
import { eventually } from '../../test/kafka.ts'
import { changePaidOf, type WantedChange } from '../../test/payment-status.ts'
import { valuesOf } from '../../test/settings.ts'
import type { Module } from '../module.ts'
import { modules as allModules } from '../modules.ts'
import { inTransaction } from '../platform/postgres.ts'
import { inOneRoundTrip } from '../platform/round-trip.ts'
import { expireUnpaid } from './commands.ts'
import { exampleOrder } from './example.ts'
import type { StatusCommand } from './lifecycle.ts'
import { orderChecks } from './order-checks.ts'
import { type LockedOrder, lockOrders } from './order-locks.ts'
import { holdForPayment } from './payment-status.ts'
import type { StatusChangePart } from './status-change-part.ts'

let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
})

afterAll(() => t.close())

async function place(isPaid = false): Promise<string> {
  const order = exampleOrder(crypto.randomUUID(), Date.now(), Math.random)
  if (!isPaid) order.payment.payment_dt = 0
  expect((await t.call('POST', '/api/orders', { body: order })).status).toBe(201)
  return order.order_uid
}

const pay = (wanted: Readonly<Record<string, WantedChange>>, nowMs = Date.now()) => changePaidOf(t.pool, wanted, nowMs)

/** No money has moved for these orders, which the checks of payments may notice. */
async function brokenRulesOfOrders() {
  const own = new Set(orderChecks.map(({ name }) => name))
  return (await brokenRules(t.pool)).filter(({ invariant }) => own.has(invariant))
}

const readEvents = async (uid: string) => JSON.parse(await (await t.call('GET', `/api/orders/${uid}/events`)).text())

async function readHistory(uid: string): Promise<string[]> {
  const { rows } = await t.pool.query(
    `select concat_ws(' ', version, command, from_status, to_status, reason, actor) as line
       from order_transitions where order_uid = $1 order by version`,
    [uid],
  )
  return rows.map(({ line }) => line)
}

/** Every order that waits for its payment is due. */
function due() {
  const nowMs = Date.now()
  return { unpaidSinceMs: nowMs + 60_000, ordersMax: 100, nowMs, onChanged: () => undefined }
}

const expire = () => expireUnpaid(t.pool, due())

describe('several orders are locked at once', () => {
  test('but for those that another transaction has, and those that are not stored', async () => {
    const [first, second] = [await place(), await place(true)].toSorted() as [string, string]
    await inTransaction(t.pool, async client => {
      expect((await lockOrders(client, [first])).locked).toHaveLength(1)
      await inTransaction(t.pool, async other => {
        const { locked, busy } = await lockOrders(other, [first, second, 'zz-none'])
        expect([locked.map(({ orderUid }) => orderUid), busy]).toEqual([[second], [first]])
        const { rows } = await other.query(
          'select currency, amount::float8, version from orders where order_uid = $1',
          [second],
        )
        expect(locked[0]).toMatchObject({ ...rows[0], paymentPendingUntilMs: undefined })
      })
    })
  })
})

describe('what is paid of orders', () => {
  test('changes with the row, the history and the event of each, and confirms those that wait', async () => {
    const [waits, covered, paid, same] = await Promise.all([place(), place(), place(true), place(true)])
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const orders = await pay({
      [waits]: { paymentStatus: 'authorized' },
      [covered]: { paymentStatus: 'paid', confirm: true, reason: 'captured', traceparent },
      [paid]: { paymentStatus: 'partially_refunded', confirm: true },
      [same]: { paymentStatus: 'paid', confirm: true },
    })
    const after = new Map(orders.map(order => [order.orderUid, order]))
    const shown = [waits, covered, paid, same].map(uid => {
      const { state, version } = after.get(uid) as LockedOrder
      return `${state.status} ${state.paymentStatus} ${version}`
    })
    expect(shown).toEqual([
      'pending authorized 2',
      'confirmed paid 2',
      'confirmed partially_refunded 2',
      'confirmed paid 1',
    ])
    expect(await readHistory(waits)).toEqual(['2 pay pending pending money moved payments'])
    expect(await readHistory(covered)).toEqual(['2 confirm pending confirmed captured payments'])
    expect(await readHistory(same)).toEqual([])
    expect((await readEvents(waits))[1]).toMatchObject({
      type: 'order.payment_status_changed',
      sequence: 2,
      data: {
        status: 'pending',
        payment_status: 'authorized',
        delivery_status: 'unfulfilled',
        version: 2,
        previous_payment_status: 'unpaid',
        reason: 'money moved',
        actor: 'payments',
      },
    })
    expect((await readEvents(covered))[1]).toMatchObject({
      type: 'order.confirmed',
      data: { payment_status: 'paid', previous_status: 'pending', previous_payment_status: 'unpaid' },
    })
    const { rows } = await t.pool.query('select traceparent from events where stream_id = $1 and sequence = 2', [
      covered,
    ])
    expect(rows).toEqual([{ traceparent }])
    expect(await brokenRulesOfOrders()).toEqual([])
  })

  test('may go back, at no earlier time than before, and commands go on from there', async () => {
    const uid = await place(true)
    await pay({ [uid]: { paymentStatus: 'refunded' } })
    await pay({ [uid]: { paymentStatus: 'paid' } }, 0)
    const cancelled = await t.call('POST', `/api/orders/${uid}/cancel`)
    expect(await cancelled.json()).toMatchObject({ status: 'cancelled', payment_status: 'paid', version: 4 })
    await pay({ [uid]: { paymentStatus: 'refunded' } })
    const own = (await readEvents(uid)).filter(({ stream_type }: { stream_type: string }) => stream_type === 'order')
    expect(own.map(({ type }: { type: string }) => type)).toEqual([
      'order.placed',
      'order.payment_status_changed',
      'order.payment_status_changed',
      'order.cancelled',
      'order.payment_status_changed',
    ])
    expect(await brokenRulesOfOrders()).toEqual([])
  })

  test('is noticed by verify when it does not follow from the events', async () => {
    const uid = await place(true)
    await pay({ [uid]: { paymentStatus: 'partially_refunded' } })
    await pay({ [uid]: { paymentStatus: 'refunded' } })
    const chain = orderChecks.find(({ name }) => name === 'payment-status-changes')?.sql ?? ''
    const isNoticed = async (sequence: number, from: string, to: string) => {
      const client = await t.pool.connect()
      try {
        await client.query('begin')
        const change = 'update events set data = replace(data, $2, $3) where stream_id = $1 and sequence = $4'
        await client.query(change, [uid, from, to, sequence])
        return (await client.query(chain)).rows.some(({ order_uid }) => order_uid === uid)
      } finally {
        await client.query('rollback')
        client.release()
      }
    }
    const before = '"previous_payment_status":"partially_refunded"'
    expect(await isNoticed(3, before, before)).toBe(false)
    expect(await isNoticed(3, before, '"previous_payment_status":"paid"')).toBe(true)
    expect(await isNoticed(3, before, '"previous_payment_status":"refunded"')).toBe(true)
    expect(await isNoticed(3, `${before},`, '')).toBe(true)
    expect(await isNoticed(2, '"payment_status":"partially_refunded"', '"payment_status":"voided"')).toBe(true)
    const insert = "insert into order_transitions values ($1, 4, 'pay', 'confirmed', 'completed', '', '', now())"
    expect(await t.pool.query(insert, [uid]).catch(error => error)).toMatchObject({
      constraint: 'transition_is_allowed',
    })
  })
})

describe('an order whose payment is under way', () => {
  const hold = (orderUid: string, untilMs: number | undefined) =>
    inTransaction(t.pool, client => inOneRoundTrip(client, [holdForPayment([{ orderUid, untilMs }], Date.now())]))

  const statusOf = async (uid: string) =>
    (await t.pool.query('select status from orders where order_uid = $1', [uid])).rows[0]?.status

  test('does not expire before then, and does as soon as it is over', async () => {
    await expire()
    const [held, released, voided, authorized] = await Promise.all([place(), place(), place(), place()])
    await hold(held, Date.now() + 600_000)
    await hold(released, Date.now() + 600_000)
    await pay({ [voided]: { paymentStatus: 'voided' }, [authorized]: { paymentStatus: 'authorized' } })
    await hold(released, undefined)
    // What was never held is not written.
    await hold(voided, undefined)
    const { rows } = await t.pool.query('select payment_pending_until as until from orders where order_uid = $1', [
      voided,
    ])
    expect(rows).toEqual([{ until: null }])
    expect(await expire()).toBe(2)
    expect(await expire()).toBe(0)
    expect(await Promise.all([held, released, voided, authorized].map(statusOf))).toEqual([
      'pending',
      'expired',
      'expired',
      'pending',
    ])
  })

  test('is no order that waits too long for verify; one whose payment is over is', async () => {
    const [held, over] = [await place(), await place()]
    await hold(held, Date.now() + 600_000)
    await hold(over, Date.now() + 600_000)
    const late = Date.now() + 86_400_000 + 120_000
    const check = orderChecks.find(({ name }) => name === 'order-expiry')
    const found = async (nowMs: number) => {
      const { rows } = await t.pool.query(check?.sql ?? '', [
        ...(check?.values?.({ nowMs, value: valuesOf().value }) ?? []),
      ])
      const uids = rows.map(({ order_uid }) => order_uid)
      return uids.filter(uid => uid === held || uid === over).toSorted()
    }
    await t.pool.query('update orders set payment_pending_until = $2 where order_uid = $1', [held, new Date(late)])
    expect(await found(late)).toEqual([over])
    expect(await found(late + 120_000)).toEqual([held, over].toSorted())
    expect(await expire()).toBe(0)
  })

  test('evicts nothing: only changes of orders are notified', async () => {
    const uid = await place()
    const notified: string[] = []
    const listener = await t.pool.connect()
    listener.on('notification', ({ payload = '' }) => notified.push(payload))
    await listener.query('listen order_changed')
    await hold(uid, Date.now() + 600_000)
    await pay({ [uid]: { paymentStatus: 'authorized' } })
    await eventually('the change is notified', () => notified.length > 0)
    expect(notified).toEqual([`2 ${uid}`])
    listener.release(true)
  })
})

test('a module follows changes of status in their transaction, but for those that payments make', async () => {
  const told: string[] = []
  const follow: StatusChangePart = {
    async onStatusChanged(client, changes) {
      const { rows } = await client.query('select pg_current_xact_id_if_assigned() is not null as writes')
      for (const { order, from, command, reason, actor, traceparent } of changes) {
        const { state, version } = order
        told.push(
          [order.orderUid, from, command, state.status, version, reason, actor, traceparent, rows[0].writes].join(' '),
        )
      }
      if (changes.some(({ reason }) => reason === 'refuse')) throw new Error('refused by a part')
    },
  }
  const modules: readonly Module[] = [
    ...allModules,
    { name: 'follower', title: 'Follower', start: () => ({ statusChanges: [follow] }) },
  ]
  const own = await createTestApp({ pool: t.pool, modules })
  const [uid, unpaid] = [await place(true), await place()]
  const order = (command: StatusCommand, reason: string) =>
    own.app.carryOut({ orderUid: uid, command, reason, actor: 'ada', traceparent: 'trace' })
  await order('hold', 'ask')
  await order('hold', 'again')
  await pay({ [uid]: { paymentStatus: 'refunded' } })
  await expect(order('cancel', 'refuse')).rejects.toThrow('refused by a part')
  expect(await readHistory(uid)).toHaveLength(2)
  await expireUnpaid(t.pool, { ...due(), parts: [follow] })
  expect(told.toSorted()).toEqual(
    [
      `${uid} confirmed hold on_hold 2 ask ada trace true`,
      `${uid} on_hold cancel cancelled 4 refuse ada trace true`,
      `${unpaid} pending expire expired 2 not paid in time expiry  true`,
    ].toSorted(),
  )
  await own.close()
})
