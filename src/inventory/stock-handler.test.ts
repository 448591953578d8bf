import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { seedDeadLetters } from '../../test/seed-dead-letters.ts'
import { stockTopic } from './variables.ts'

let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
  const body = { nm_id: 1, name: 'Hat', prices: { USD: 100 } }
  for (const chrtId of [1, 2]) expect((await t.call('PUT', `/api/items/${chrtId}`, { body })).status).toBe(201)
})

afterAll(() => t.close())

function handle(messages: readonly object[]) {
  const found = t.app.handlers.find(({ topic }) => topic === stockTopic)
  if (found === undefined) throw new Error('nobody handles messages about stock')
  const values = messages.map(message => ({ value: Buffer.from(JSON.stringify(message)), headers: [] }))
  return found.handler.handle(values, { isInteractive: false })
}

const onHand = async (chrtId: number) => {
  const response = await t.call('GET', `/api/stock/${chrtId}`)
  return ((await response.json()) as { on_hand: number }).on_hand
}

test('messages are recorded together, each external id once, and what is wrong does not keep the others out', async () => {
  const at = { location: 'main', actor: 'wms' }
  const received = { ...at, chrt_id: 1, kind: 'received', quantity: 10, external_id: 'm-1' }
  const messages = [
    received,
    { ...at, chrt_id: 1, kind: 'written_off', quantity: 11, external_id: 'm-2' },
    received,
    { ...at, chrt_id: 3, kind: 'received', quantity: 1, external_id: 'm-3' },
    { ...received, quantity: 12 },
    { ...at, chrt_id: 1, kind: 'written_off', quantity: 1.5 },
    { ...at, chrt_id: 2, counted: 4, external_id: 'c-1' },
    { ...at, chrt_id: 2, counted: 9, as_of: '2026-01-01T00:00:00Z', external_id: 'c-2' },
    { ...at, chrt_id: 2, counted: 9, expected: 5, external_id: 'c-3' },
    { ...at, chrt_id: 1, kind: 'written_off', quantity: 4, external_id: 'm-4' },
  ]
  const outcomesOf = (results: Awaited<ReturnType<typeof handle>>) =>
    results.map((result): string => (result.kind === 'accepted' ? result.outcome : result.error.code))
  const expected = [
    ...['carried_out', 'STOCK_INSUFFICIENT', 'duplicate', 'ITEM_NOT_FOUND', 'STOCK_CONFLICT', 'STOCK_INVALID'],
    ...['carried_out', 'carried_out', 'STOCK_CHANGED', 'carried_out'],
  ]
  expect(outcomesOf(await handle(messages))).toEqual(expected)
  expect([await onHand(1), await onHand(2)]).toEqual([6, 4])
  const again = outcomesOf(await handle(messages))
  expect(again).toEqual(expected.map(outcome => (outcome === 'carried_out' ? 'duplicate' : outcome)))
  expect([await onHand(1), await onHand(2)]).toEqual([6, 4])
})

test('a dead letter of the topic is replayed once it is mended', async () => {
  const movement = { chrt_id: 2, location: 'main', kind: 'received', quantity: 3, external_id: 'late' }
  const [id = ''] = await seedDeadLetters(t.pool, 'STOCK_INVALID', [{ ...movement, quantity: -3 }])
  const replay = (body: object) => t.call('POST', `/api/dead-letters/${id}/replay`, { body })
  expect((await replay({})).status).toBe(400)
  const before = await onHand(2)
  const replayed = await replay({ json: movement })
  expect([replayed.status, await replayed.json()]).toMatchObject([200, { outcome: 'carried_out', state: 'replayed' }])
  expect(await onHand(2)).toBe(before + 3)
})
