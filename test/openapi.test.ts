import { beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { currentDocuments, documentsFolder, schemasFolder } from '../scripts/write-openapi.ts'
import { expectReferences } from './references.ts'

setDefaultTimeout(60_000)

type Operation = {
  operationId: string
  parameters?: { name: string }[]
  responses: Record<string, { headers?: object }>
  security: unknown[]
}
type Document = { openapi: string; paths: Record<string, Record<string, Operation>> }

let current: Map<string, string>
let text = ''
let document: Document

beforeAll(async () => {
  current = await currentDocuments()
  text = current.get('openapi.json') ?? ''
  document = JSON.parse(text)
})

test('docs/ has the documents that the service serves, and no other schema; otherwise run: bun scripts/write-openapi.ts', () => {
  for (const [name, content] of current) expect(readFileSync(join(documentsFolder, name), 'utf8')).toBe(content)
  const schemas = [...current.keys()].filter(name => name.startsWith('events/'))
  expect(
    readdirSync(schemasFolder)
      .map(name => `events/${name}`)
      .sort(),
  ).toEqual(schemas.toSorted())
})

test('it is valid OpenAPI 3.1', async () => {
  const validator = new Validator()
  const { valid, errors } = await validator.validate(JSON.parse(text))
  expect(errors ?? []).toEqual([])
  expect(valid).toBe(true)
  expect(validator.version).toBe('3.1')
})

test('every reference resolves', () => {
  expectReferences(text)
})

test('every operation has a unique name, and every guarded one documents 401 and 403', () => {
  const operations = Object.values(document.paths).flatMap(path => Object.values(path))
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
  for (const { security, responses } of operations) {
    expect(Object.keys(responses).filter(status => status.startsWith('2'))).not.toEqual([])
    if (security.length > 0) expect(Object.keys(responses)).toEqual(expect.arrayContaining(['401', '403']))
  }
})

test('every POST honours an Idempotency-Key and documents it, except those that answer with NDJSON, receive events or are for guests', () => {
  const posts = Object.entries(document.paths).flatMap(([path, { post }]) =>
    post === undefined ? [] : [{ path, post }],
  )
  const heedless = posts.filter(({ post }) => post.parameters?.every(({ name }) => name !== 'Idempotency-Key') ?? true)
  expect(heedless.map(({ path }) => path).sort()).toEqual([
    '/api/dead-letters/discard',
    '/api/dead-letters/replay',
    '/api/deliveries/webhooks/{carrier}',
    '/api/items/batch',
    '/api/orders/batch',
    // An event has an id of its own.
    '/api/payments/webhooks/{provider}',
    // Guests have no key that an Idempotency-Key could belong to: of two that send the same one, one would get the other's answer.
    '/api/shop/carts',
    '/api/shop/demo-catalogue',
  ])
  for (const { post } of posts.filter(one => !heedless.includes(one))) {
    expect(Object.keys(post.responses)).toEqual(expect.arrayContaining(['400', '409', '422']))
    const marked = Object.keys(post.responses).filter(
      status => 'Idempotency-Replayed' in (post.responses[status]?.headers ?? {}),
    )
    expect(marked).not.toEqual([])
    expect(marked.filter(status => ['400', '413', '415', '422', '500', '503'].includes(status))).toEqual([])
  }
})
