import { beforeAll, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { Validator } from '@seriousme/openapi-schema-validator'
import { currentOpenApi, openApiFile } from '../scripts/write-openapi.ts'

type Operation = { operationId: string; responses: Record<string, unknown>; security: unknown[] }
type Document = { openapi: string; paths: Record<string, Record<string, Operation>> }

let text = ''
let document: Document

beforeAll(async () => {
  text = await currentOpenApi()
  document = JSON.parse(text)
})

test('docs/openapi.json is what the service hands out; otherwise run: bun scripts/write-openapi.ts', () => {
  expect(readFileSync(openApiFile, 'utf8')).toBe(text)
})

test('it is valid OpenAPI 3.1', async () => {
  const validator = new Validator()
  const { valid, errors } = await validator.validate(JSON.parse(text))
  expect(errors ?? []).toEqual([])
  expect(valid).toBe(true)
  expect(validator.version).toBe('3.1')
})

test('every reference leads somewhere', () => {
  const references = [...text.matchAll(/"\$ref": "#\/([^"]+)"/g)].map(match => match[1] ?? '')
  expect(references.length).toBeGreaterThan(0)
  const lost = references.filter(path => {
    let place: unknown = document
    for (const step of path.split('/')) place = (place as Record<string, unknown> | undefined)?.[step]
    return place === undefined
  })
  expect(lost).toEqual([])
})

test('every operation has a name of its own, and every guarded one says what a caller without the right key gets', () => {
  const operations = Object.values(document.paths).flatMap(path => Object.values(path))
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
  for (const { security, responses } of operations) {
    expect(Object.keys(responses).filter(status => status.startsWith('2'))).not.toEqual([])
    if (security.length > 0) expect(Object.keys(responses)).toEqual(expect.arrayContaining(['401', '403']))
  }
})
