import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { readCommandMessage } from '../src/orders/command-message.ts'
import { createTestApp, type TestApp } from './app.ts'
import { makeOrders } from './orders.ts'

setDefaultTimeout(60_000)

/** What JSON can write and its parser loses is refused by name in every body that is read, not in orders alone. */

let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
  for (const body of makeOrders(1, 'body')) expect((await t.call('POST', '/api/orders', { body })).status).toBe(201)
})

afterAll(() => t.close())

test.each([
  ['POST', '/api/orders/body-0/hold', '{"reason":"one","reason":"two"}', '/reason'],
  ['POST', '/api/orders/body-0/cancel', '{"actor":"a","\\u0061ctor":"b"}', '/actor'],
  ['POST', '/api/keys', '{"name":"k","scopes":["orders:read"],"scopes":["admin"]}', '/scopes'],
  ['POST', '/api/webhooks', '{"url":"http://127.0.0.1:1","url":"http://127.0.0.1:2"}', '/url'],
  ['POST', '/api/webhooks/1/rotate-secret', '{"previous_valid_for_seconds":-0}', '/previous_valid_for_seconds'],
  [
    'POST',
    '/api/webhooks/1/rotate-secret',
    '{"previous_valid_for_seconds":60.00000000000000001}',
    '/previous_valid_for_seconds',
  ],
  ['POST', '/api/dead-letters/replay', '{"code":"ORDER_INVALID","code":"ORDER_CONFLICT"}', '/code'],
  ['POST', '/api/dead-letters/discard', '{"reason":"x","ids":["1"],"ids":["2"]}', '/ids'],
])('%s %s with %s is refused at %s', async (method, path, body, pointer) => {
  const response = await t.call(method, path, { body })
  const problem = JSON.parse(await response.text())
  expect([response.status, problem.code]).toEqual([400, 'REQUEST_INVALID'])
  expect(problem.errors.map((error: { pointer: string }) => error.pointer)).toEqual([pointer])
})

test.each([
  ['{"command_id":"1","order_uid":"o","command":"hold","command":"cancel"}', '/command'],
  ['{"command_id":"1","order_uid":"a","order_uid":"b","command":"hold"}', '/order_uid'],
  ['{"command_id":"1","order_uid":"o","command":"hold","version":1.00000000000000000001}', '/version'],
])('the command %s by Kafka is refused at %s', (text, pointer) => {
  const reading = readCommandMessage(Buffer.from(text))
  expect(reading.kind === 'refused' && reading.violations.map(violation => violation.pointer)).toEqual([pointer])
})
