import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { brokenRules } from '../../test/invariants.ts'
import { eventually } from '../../test/kafka.ts'
import { createPaymentApp } from '../../test/payments.ts'

/** Requests that move money claim their Idempotency-Key in the transaction of their operation. */

setDefaultTimeout(60_000)

let t: Awaited<ReturnType<typeof createPaymentApp>>

beforeAll(async () => {
  t = await createPaymentApp()
})

afterAll(async () => {
  expect(await brokenRules(t.pool)).toEqual([])
  await t.close()
})

/** Sends a request. @returns its status and code, and whether the answer was replayed */
async function send(path: string, body: object, key: string) {
  const response = await t.call('POST', path, { body, headers: { 'idempotency-key': key } })
  const { code, id } = (await response.json()) as { code?: string; id?: string }
  return { status: response.status, code, id, isReplayed: response.headers.get('idempotency-replayed') === 'true' }
}

const approved = { provider: 'sandbox', method_token: 'tok_approve' }

test('a key that was answered is refused for another body, also for one that breaks the contract', async () => {
  const { uid, amount } = await t.place()
  const [path, key] = [`/api/orders/${uid}/payments`, randomUUID()]
  const first = await send(path, approved, key)
  expect(first).toMatchObject({ status: 201, isReplayed: false })
  for (const body of [{ ...approved, amount: 0 }, { ...approved, amount }, { note: 'x' }]) {
    expect(await send(path, body, key)).toMatchObject({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' })
  }
  expect(await send(path, approved, key)).toEqual({ ...first, isReplayed: true })
})

test('a body that breaks the contract leaves its key free for one that is mended', async () => {
  const { uid } = await t.place()
  const [path, key] = [`/api/orders/${uid}/payments`, randomUUID()]
  expect(await send(path, { ...approved, amount: 0 }, key)).toMatchObject({ status: 400, isReplayed: false })
  expect(await send(path, approved, key)).toMatchObject({ status: 201, isReplayed: false })
})

test('what is not there, and what is refused by the state, is answered again to a repetition, whatever has become of it', async () => {
  const [missing, void404, key409] = [randomUUID(), randomUUID(), randomUUID()]
  const { uid, amount } = await t.place()
  const payment = await send(`/api/orders/${uid}/payments`, { ...approved, capture: 'manual' }, randomUUID())
  const requests = [
    [`/api/orders/${missing}/payments`, approved, missing, 404, 'ORDER_NOT_FOUND'],
    ['/api/payments/pay_none/void', {}, void404, 404, 'PAYMENT_NOT_FOUND'],
    [`/api/payments/${payment.id}/refunds`, { amount: 1 }, key409, 409, 'PAYMENT_STATE_REFUSED'],
  ] as const
  for (const [path, body, key, status, code] of requests) {
    expect(await send(path, body, key)).toEqual({ status, code, id: undefined, isReplayed: false })
  }
  expect(await t.ask(`/api/payments/${payment.id}/capture`)).toMatchObject({ amounts: { captured: amount } })
  for (const [path, body, key, status, code] of requests) {
    expect(await send(path, body, key)).toEqual({ status, code, id: undefined, isReplayed: true })
  }
})

test('killed between its claim and the commit a request leaves neither, and its repetition is carried out at once', async () => {
  const { uid, amount } = await t.place()
  const [path, key] = [`/api/orders/${uid}/payments`, randomUUID()]
  const holder = await t.pool.connect()
  await holder.query('begin')
  // The transaction can claim the key, and waits before it writes the operation.
  await holder.query('lock table payment_operations in share mode')
  const cut = send(path, approved, key)
  await eventually('the transaction of the operation waits, and its backend is ended', async () => {
    const ended = await t.pool.query(
      `select pg_terminate_backend(pid) from pg_locks
        where relation = 'payment_operations'::regclass and not granted and database = (select oid from pg_database where datname = current_database())`,
    )
    return (ended.rowCount ?? 0) > 0
  })
  expect((await cut).status).toBeGreaterThanOrEqual(500)
  await holder.query('rollback')
  holder.release()
  expect(await send(path, approved, key)).toMatchObject({ status: 201, isReplayed: false })
  const payments = await t.read<{ amounts: { captured: number } }[]>(`/api/orders/${uid}/payments`)
  expect(payments.map(({ amounts }) => amounts.captured)).toEqual([amount])
})

test('one order is paid by requests at once, of which some begin while others have their outcome: every part is captured once', async () => {
  const { uid, amount } = await t.place(false, { currency: 'USD', amount: 1600 })
  const keys = Array.from({ length: 16 }, () => randomUUID())
  const pay = () => Promise.all(keys.map(key => send(`/api/orders/${uid}/payments`, { ...approved, amount: 100 }, key)))
  const first = await pay()
  expect(first.map(({ status }) => status)).toEqual(keys.map(() => 201))
  expect(await t.stateOf(uid)).toBe('confirmed paid')
  expect(await pay()).toEqual(first.map(answer => ({ ...answer, isReplayed: true })))
  const payments = await t.read<{ amounts: { captured: number } }[]>(`/api/orders/${uid}/payments`)
  expect(payments.reduce((sum, { amounts }) => sum + amounts.captured, 0)).toBe(amount)
})
