import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { consumerOfCommands } from '../../test/topic-consumers.ts'
import { listDeadLetters } from '../dead-letters/queries.ts'
import type { KafkaMessage } from '../platform/kafka/client.ts'
import { exampleOrder } from './example.ts'

let t: TestApp
let consume: ReturnType<typeof consumerOfCommands>

beforeAll(async () => {
  t = await createTestApp()
  consume = consumerOfCommands({ carryOut: t.app.carryOut, pool: t.pool })
})

afterAll(() => t.close())

let offset = 0n
function message(value: unknown): KafkaMessage {
  offset += 1n
  const bytes = value === null ? null : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
  return {
    topic: 'orders.commands',
    partition: 0,
    offset,
    key: null,
    value: bytes,
    headers: [],
    timestampMs: Date.now(),
  }
}

async function place(): Promise<string> {
  const order = exampleOrder(crypto.randomUUID(), Date.now(), Math.random)
  expect((await t.call('POST', '/api/orders', { body: order })).status).toBe(201)
  return order.order_uid
}

async function transitions(uid: string) {
  const { rows } = await t.pool.query('select * from order_transitions where order_uid = $1 order by version', [uid])
  return rows.map(row => `${row.version} ${row.command} ${row.reason} ${row.actor}`)
}

test('commands to an order are carried out in their order, each once even if it is redelivered', async () => {
  const uid = await place()
  const hold = message({ command_id: '1', order_uid: uid, command: 'hold', reason: 'Prüfung 👩‍🚀', actor: 'ada' })
  // Some programs begin a text with a byte order mark.
  const confirm = message(`\ufeff${JSON.stringify({ command_id: '2', order_uid: uid, command: 'confirm' })}`)
  await consume([hold, confirm])
  await consume([hold, confirm, message({ command_id: '3', order_uid: uid, command: 'cancel', version: 3 })])
  expect(await transitions(uid)).toEqual(['2 hold Prüfung 👩‍🚀 ada', '3 confirm  kafka', '4 cancel  kafka'])
})

test('a command that is refused is a dead letter with the reason, and its neighbours are carried out', async () => {
  const uid = await place()
  const command = { command_id: 'x', order_uid: uid, command: 'cancel' }
  const bad: [unknown, string][] = [
    [null, 'COMMAND_INVALID'],
    ['{', 'COMMAND_INVALID'],
    [{ ...command, command: 'expire' }, 'COMMAND_INVALID'],
    [{ ...command, command_id: '' }, 'COMMAND_INVALID'],
    [{ ...command, reason: 'a\0b' }, 'COMMAND_INVALID'],
    [JSON.stringify({ ...command, reason: '?' }).replace('?', '\\ud800'), 'COMMAND_INVALID'],
    [{ ...command, version: 7 }, 'VERSION_STALE'],
    [{ ...command, order_uid: 'nobody' }, 'ORDER_NOT_FOUND'],
  ]
  const first = offset
  await consume([...bad.map(([value]) => message(value)), message(command)])
  expect(await transitions(uid)).toEqual(['2 cancel  kafka'])
  await consume([message({ ...command, command_id: 'y', command: 'complete' })])
  const { deadLetters } = await listDeadLetters(t.pool, {}, 100)
  const codes = new Map(deadLetters.map(deadLetter => [deadLetter.offset, deadLetter.code]))
  bad.forEach(([, code], index) => {
    expect(codes.get(String(first + BigInt(index) + 1n))).toBe(code)
  })
  expect(codes.get(String(offset))).toBe('TRANSITION_REFUSED')
  expect(codes.size).toBe(bad.length + 1)
})
