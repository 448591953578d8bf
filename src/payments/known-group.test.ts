import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { advisoryLockSpaces } from '../advisory-locks.ts'
import { brokenRules } from '../../test/invariants.ts'
import { createPaymentApp } from '../../test/payments.ts'
import type { StatusChangePart } from '../orders/status-change-part.ts'
import type { Pool, PoolClient } from '../platform/postgres.ts'
import { contextAt } from './commands.ts'
import { decideBegin } from './decide-begin.ts'
import { decideOutcome } from './decide-outcome.ts'
import { createPaymentWriter } from './group.ts'
import { newId } from './ids.ts'
import { paymentsApi } from './module.ts'

setDefaultTimeout(60_000)

let t: Awaited<ReturnType<typeof createPaymentApp>>
/** What a connection was sent by the writer, in messages that are waited for together or alone. */
let sent = 0
/** Orders that the part of another module was told of. */
let told: string[]
/** Whether that part says that it is concerned. */
let isConcerned: boolean

beforeAll(async () => {
  t = await createPaymentApp()
})

beforeEach(() => {
  told = []
  isConcerned = false
})

afterAll(async () => {
  expect(await brokenRules(t.pool)).toEqual([])
  await t.close()
})

const part: StatusChangePart = {
  async onStatusChanged(_, changes) {
    told.push(...changes.map(({ order }) => order.orderUid))
  },
  concernsConfirmation: () => ({
    text: `select ${isConcerned} as are_there`,
    read: ({ rows: [row] }: { rows: readonly { are_there: boolean }[] }) => row?.are_there === true,
  }),
}

/** The state of an order as it is stored: this app does not know what the writer has changed. */
async function stateOf(uid: string): Promise<string> {
  const { rows } = await t.pool.query<{ state: string }>(
    "select status || ' ' || payment_status as state from orders where order_uid = $1",
    [uid],
  )
  return rows[0]?.state ?? ''
}

/** A writer of its own, so that a test that had to read does not make those behind it read, too. */
function begin() {
  const counting = async (): Promise<PoolClient> => {
    const client = await t.pool.connect()
    return new Proxy(client, {
      get(target, name) {
        if (name === 'query') sent += 1
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
  const pool: Pool = Object.create(t.pool, { connect: { value: counting } })
  const orders = { expiresAfterMs: undefined, parts: () => [part] }
  return createPaymentWriter({ pool, now: Date.now, orders, onCommitted: () => undefined })
}

/** Begins a payment of a new order, and gives what saves its outcome: captured. */
async function beginPayment() {
  const { rules } = paymentsApi.of(t.app.context)
  const writer = begin()
  const { uid, amount } = await t.place()
  const ids = { paymentId: newId('pay'), operationId: newId('op') }
  const asked = { provider: 'sandbox', amount, capture: 'automatic' as const, methodToken: 'tok_approve' }
  const currency = await writer.change({
    orderUid: uid,
    decide(before, nowMs) {
      if (before === undefined) throw new Error('the order is not there')
      const input = { ...ids, ...asked, returnUrl: undefined, actor: 'a test' }
      const decision = decideBegin(before, input, contextAt(rules, nowMs, undefined))
      if (decision.kind !== 'changed') throw new Error('the payment was not begun')
      return { result: before.order.currency, changes: decision.changes }
    },
  })
  let decisions = 0
  const settle = () =>
    writer.change({
      orderUid: uid,
      decide(before, nowMs) {
        decisions += 1
        if (before === undefined) throw new Error('the order is not there')
        const authorization = { state: 'authorized', amount } as const
        const report = { ...ids, providerRef: `ref_${ids.paymentId}`, orderUid: uid, currency, authorization }
        const outcome = {
          kind: 'reported',
          report: { ...report, captured: amount, refunds: [], disputes: [] },
        } as const
        const input = { ...ids, outcome, askedAtMs: nowMs }
        const decision = decideOutcome(before, input, contextAt(rules, nowMs, undefined))
        return { result: before.order, changes: decision.kind === 'changed' ? decision.changes : undefined }
      },
    })
  sent = 0
  return { uid, settle, decisions: () => decisions }
}

describe('an outcome of what this instance has stored', () => {
  test('is decided by that, and saved in one round trip', async () => {
    const { uid, settle, decisions } = await beginPayment()
    await settle()
    // The statements, and the rows behind them, which are sent with them.
    expect([sent, decisions(), told]).toEqual([2, 1, []])
    expect(await stateOf(uid)).toBe('confirmed paid')
    expect((await t.transfersOf(uid)).length).toBe(2)
  })

  test('is decided by the order as it is, when it has changed since', async () => {
    const { uid, settle, decisions } = await beginPayment()
    expect(
      (await t.call('POST', `/api/orders/${uid}/cancel`, { body: { reason: 'a test', actor: 'it' } })).status,
    ).toBe(200)
    expect(await settle()).toMatchObject({ state: { status: 'cancelled' } })
    expect([decisions(), await stateOf(uid)]).toEqual([2, 'cancelled paid'])
  })

  test('is decided by how long the order waits for its payment, which is no change of its version', async () => {
    const { uid, settle, decisions } = await beginPayment()
    const untilMs = Date.now() + 3_600_000
    await t.pool.query('update orders set payment_pending_until = $2 where order_uid = $1', [uid, new Date(untilMs)])
    expect(await settle()).toMatchObject({ paymentPendingUntilMs: untilMs })
    expect([decisions(), await stateOf(uid)]).toEqual([2, 'confirmed paid'])
  })

  test('waits for the order while another transaction has it', async () => {
    const { uid, settle, decisions } = await beginPayment()
    const holder = await t.pool.connect()
    await holder.query('begin')
    await holder.query('select pg_advisory_xact_lock($1, hashtext($2))', [advisoryLockSpaces.orders, uid])
    const settled = settle()
    while (sent < 4) await Bun.sleep(1)
    expect(await stateOf(uid)).toBe('pending unpaid')
    await holder.query('rollback')
    holder.release()
    await settled
    expect([decisions(), await stateOf(uid)]).toEqual([2, 'confirmed paid'])
  })

  test('is saved with what another module does about it, when it is concerned', async () => {
    const { uid, settle } = await beginPayment()
    isConcerned = true
    await settle()
    expect([told, await stateOf(uid)]).toEqual([[uid], 'confirmed paid'])
  })

  test('is not saved by rows that are sent behind a transaction which has not begun', async () => {
    const client = await t.pool.connect()
    try {
      await client.query('begin')
      await client.query("select set_config('orders.are_unchanged', 'yes', true)")
      await client.query('call expect_unchanged_orders()')
      await client.query('rollback')
      await expect(client.query('call expect_unchanged_orders()')).rejects.toThrow('the orders were not locked')
    } finally {
      client.release()
    }
  })
})

test('a payment that is begun wakes no reader of the log, and its outcome does', async () => {
  const listener = await t.pool.connect()
  let woken = 0
  listener.on('notification', () => {
    woken += 1
  })
  try {
    await listener.query('listen event_log')
    const { settle } = await beginPayment()
    await listener.query('select 1')
    // That its order was placed.
    expect(woken).toBe(1)
    await settle()
    while (woken < 2) await Bun.sleep(1)
  } finally {
    await listener.query('unlisten *')
    listener.release()
  }
})
