import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { currentDocuments } from '../scripts/write-openapi.ts'
import { exampleOrder } from '../src/orders/example.ts'
import { createTestApp, type TestApp } from './app.ts'
import { seedDeadLetters } from './seed-dead-letters.ts'

/** Real answers, held against what OpenAPI says of them: the status, the media type, and every field. */

type Json = Record<string, unknown>
type Content = Record<string, { schema: Json }>
type Documented = { paths: Record<string, Record<string, { responses: Record<string, { content?: Content }> }>> }

let t: TestApp
let documented: Documented
let validator: Ajv2020

beforeAll(async () => {
  t = await createTestApp()
  documented = closed(JSON.parse((await currentDocuments()).get('openapi.json') ?? '')) as Documented
  validator = addFormats(new Ajv2020({ strict: false, allErrors: true }))
  validator.addSchema({ $id: 'document', ...documented })
})
afterAll(() => t.close())

/** A field that a schema does not name is a fault here, unless the schema says that there may be others. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed)
  if (typeof value !== 'object' || value === null) return value
  const inner: Json = Object.fromEntries(Object.entries(value).map(([name, part]) => [name, closed(part)]))
  const isSchema = inner.type === 'object' && Object.keys((inner.properties as Json | undefined) ?? {}).length > 0
  return isSchema && inner.additionalProperties === undefined ? { ...inner, additionalProperties: false } : inner
}

function expectToKeep(schema: Json, value: unknown, where: string): void {
  const text = JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/')
  validator.validate(JSON.parse(text), value)
  expect(validator.errors ?? [], where).toEqual([])
}

type Asked = { body?: unknown; headers?: Record<string, string>; query?: string; id?: string; delivery?: string }

/** Calls an operation and holds the answer against what is said of it. @returns the answer's body, if it is JSON */
async function ask<Answer = Json>(name: string, status: number, asked: Asked = {}): Promise<Answer> {
  const [method = '', template = ''] = name.split(' ')
  const path = template.replace('{id}', asked.id ?? '').replace('{delivery}', asked.delivery ?? '')
  const response = await t.call(method, `${path}${asked.query ?? ''}`, asked)
  const text = await response.text()
  const where = `${name} ${response.status} ${text.slice(0, 300)}`
  expect(response.status, where).toBe(status)
  const said = documented.paths[template]?.[method.toLowerCase()]?.responses[status]
  expect(said, where).toBeDefined()
  if (said?.content === undefined) {
    expect(text, where).toBe('')
    return undefined as Answer
  }
  const type = response.headers.get('content-type')?.split(';')[0] ?? ''
  const schema = said.content[type]?.schema
  if (schema === undefined) throw new Error(`${type} is not documented: ${where}`)
  if (type !== 'application/x-ndjson') {
    expectToKeep(schema, JSON.parse(text), where)
    return JSON.parse(text)
  }
  const lines = text.trimEnd().split('\n')
  for (const line of lines) expectToKeep(schema.contentSchema as Json, JSON.parse(line), `${where}: ${line}`)
  return lines.map(line => JSON.parse(line)) as Answer
}

const newOrder = () => exampleOrder(crypto.randomUUID(), Date.now(), Math.random)

test('this test finds what is not documented', () => {
  const problem = { $ref: '#/components/schemas/Problem' }
  const whole = { type: 'urn:a', title: 't', status: 404, detail: 'd', code: 'C', request_id: 'r' }
  expectToKeep(problem, whole, 'a problem')
  expect(() => expectToKeep(problem, { ...whole, code: undefined }, 'incomplete')).toThrow()
  expect(() => expectToKeep(problem, { ...whole, other: 1 }, 'with another field')).toThrow()
})

describe('answers are what OpenAPI says', () => {
  test('of orders', async () => {
    const order = { ...newOrder(), gift: { wrapped: true } }
    const id = order.order_uid
    await ask('POST /api/orders', 201, { body: order })
    await ask('POST /api/orders', 200, { body: order })
    await ask('POST /api/orders', 409, { body: { ...order, entry: 'other' } })
    await ask('POST /api/orders', 400, { body: { order_uid: 7, items: [] } })
    await ask('POST /api/orders', 415, { body: 'order', headers: { 'content-type': 'text/plain' } })
    await ask('POST /api/orders/test', 202)
    await ask('GET /api/orders/{id}', 200, { id })
    await ask('GET /api/orders/{id}', 304, { id, headers: { 'if-none-match': '*' } })
    await ask('GET /api/orders/{id}', 404, { id: 'nobody' })
    await ask('GET /api/orders', 200, { query: '?limit=2' })
    await ask('GET /api/orders', 400, { query: '?limit=none' })
    await ask('GET /api/orders', 200, { headers: { accept: 'application/x-ndjson' } })
    const ndjson = { 'content-type': 'application/x-ndjson' }
    await ask('POST /api/orders/batch', 200, { body: `${JSON.stringify(newOrder())}\n{}\n`, headers: ndjson })
    await ask('POST /api/orders/{id}/hold', 200, { id, body: { reason: 'ask first' } })
    await ask('POST /api/orders/{id}/complete', 409, { id })
    await ask('POST /api/orders/{id}/cancel', 412, { id, headers: { 'if-match': '"9"' } })
    await ask('POST /api/orders/{id}/cancel', 200, { id })
    await ask('POST /api/orders/{id}/cancel', 404, { id: 'nobody' })
    await ask('GET /api/overview', 200)
  })

  test('of events', async () => {
    const { order_uid: id } = await ask<{ order_uid: string }>('POST /api/orders', 201, { body: newOrder() })
    await ask('GET /api/events', 200, { query: '?limit=1&sort=newest' })
    await ask('GET /api/events', 400, { query: '?type=order.gone' })
    await ask('GET /api/orders/{id}/events', 200, { id })
    await ask('GET /api/orders/{id}/events', 404, { id: 'nobody' })
  })

  test('of webhooks', async () => {
    const { id } = await ask<{ id: string }>('POST /api/webhooks', 201, { body: { url: 'http://127.0.0.1:9/hook' } })
    await ask('POST /api/webhooks', 400, { body: { url: 'nowhere' } })
    await ask('GET /api/webhooks', 200)
    await ask('GET /api/webhooks/{id}', 200, { id })
    await ask('PATCH /api/webhooks/{id}', 200, { id, body: { description: 'a test' } })
    await ask('POST /api/webhooks/{id}/rotate-secret', 200, { id })
    await ask('POST /api/webhooks/{id}/disable', 200, { id })
    await ask('GET /api/webhooks/{id}', 200, { id })
    await ask('POST /api/webhooks/{id}/enable', 200, { id })
    await ask('GET /api/webhooks/{id}/deliveries', 200, { id })
    await ask('GET /api/webhooks/{id}/deliveries/{delivery}', 404, { id, delivery: '1' })
    await ask('DELETE /api/webhooks/{id}', 204, { id })
    await ask('GET /api/webhooks/{id}', 404, { id })
  })

  test('of dead letters', async () => {
    const headers: [Buffer, Buffer][] = [[Buffer.from('source'), Buffer.from('a test')]]
    const [id = '', other = ''] = await seedDeadLetters(t.pool, 'ORDER_INVALID', ['{"order_uid":7}', 'no JSON'], {
      headers,
    })
    await ask('GET /api/dead-letters', 200)
    await ask('GET /api/dead-letter-counts', 200)
    await ask('GET /api/dead-letters/{id}', 200, { id })
    await ask('GET /api/dead-letters/{id}', 404, { id: '999999' })
    await ask('POST /api/dead-letters/{id}/replay', 400, { id })
    await ask('POST /api/dead-letters/{id}/replay', 200, { id, body: { json: newOrder(), reason: 'mended' } })
    await ask('POST /api/dead-letters/{id}/discard', 400, { id: other })
    await ask('POST /api/dead-letters/replay', 200, { body: { topic: 'orders' } })
    await ask('GET /api/dead-letters/{id}', 200, { id: other })
    await ask('POST /api/dead-letters/{id}/discard', 200, { id: other, body: { reason: 'of no use' } })
    await ask('POST /api/dead-letters/discard', 200, { body: { topic: 'orders', reason: 'of no use' } })
    await ask('GET /api/dead-letters', 200)
  })

  test('of the system, and of API keys', async () => {
    await ask('GET /api/system', 200)
    const { id, key } = await ask<{ id: string; key: string }>('POST /api/keys', 201, {
      body: { name: 'a test', scopes: ['admin'] },
    })
    const headers = { authorization: `Bearer ${key}` }
    await ask('GET /api/keys', 200, { headers })
    await ask('GET /api/keys', 401, { headers: { authorization: 'Bearer nothing' } })
    await ask('GET /api/orders', 403, { headers })
    await ask('DELETE /api/keys/{id}', 204, { headers, id })
  })
})
