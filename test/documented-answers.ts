import { expect } from 'bun:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { currentDocuments } from '../scripts/write-openapi.ts'
import { keyHeader } from '../src/platform/idempotency/idempotency.ts'
import type { TestApp } from './app.ts'

/** Calls operations of the API and checks each response against its OpenAPI description. */

type Json = Record<string, unknown>
type Content = Record<string, { schema: Json }>
type Operation = {
  parameters?: readonly { name: string }[]
  responses: Record<string, { content?: Content }>
}
type Documented = { paths: Record<string, Record<string, Operation>> }

/** An app as somebody calls it, with or without a key. */
export type Caller = Pick<TestApp, 'call'>

export type Asked = {
  body?: unknown
  headers?: Record<string, string>
  query?: string
  id?: string
  /** Of an item, where `id` names something else. */
  chrt_id?: string
  delivery?: string
  provider?: string
  carrier?: string
  /** Or a token. */
  number?: string
  location?: string
  /** The caller, if not the usual one. */
  of?: Caller
}

export type DocumentedAnswers = {
  /** Every operation, such as `GET /api/orders`, with the statuses that are documented for it. */
  operations: readonly (readonly [name: string, statuses: readonly string[]])[]
  /** Those that honour an Idempotency-Key. */
  idempotent: readonly string[]
  /** The answers that were met, such as `GET /api/orders 200`. */
  met: ReadonlySet<string>
  /** Calls an operation, without looking at the answer. */
  send(name: string, asked?: Asked): Promise<Response>
  /**
   * Calls an operation and expects a status, a documented one, and a body that keeps the schema of it.
   *
   * @returns the body decoded; the lines of NDJSON as an array
   */
  ask<Answer = Json>(name: string, status: number, asked?: Asked): Promise<Answer>
  /** Expects a value to keep a schema, which may refer to components of OpenAPI and to schemas of events. */
  expectToKeep(schema: Json, value: unknown, where: string): void
}

/** @param usual the default caller */
export async function readDocumentedAnswers(usual: Caller): Promise<DocumentedAnswers> {
  const texts = await currentDocuments()
  const documented = closed(JSON.parse(texts.get('openapi.json') ?? '')) as Documented
  const validator = addFormats(new Ajv2020({ strict: false, allErrors: true }))
  validator.addSchema({ $id: 'document', ...documented })
  for (const [name, text] of texts) {
    if (name.startsWith('events/')) validator.addSchema(closed(JSON.parse(text)) as Json)
  }
  const met = new Set<string>()

  function expectToKeep(schema: Json, value: unknown, where: string): void {
    const text = JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/')
    validator.validate(JSON.parse(text), value)
    expect(validator.errors ?? [], where).toEqual([])
  }

  function send(name: string, asked: Asked = {}): Promise<Response> {
    const [method = '', template = ''] = name.split(' ')
    const { id = '1', delivery = '1', provider = '1', carrier = '1', number = '1', location = id, chrt_id = id } = asked
    const values: Record<string, string> = {
      id,
      chrt_id,
      code: id,
      method: id,
      delivery,
      provider,
      carrier,
      number,
      token: number,
      location,
    }
    const path = template.replace(/\{(\w+)\}/g, (parameter, name: string) => values[name] ?? parameter)
    return (asked.of ?? usual).call(method, `${path}${asked.query ?? ''}`, asked)
  }

  async function ask<Answer>(name: string, status: number, asked: Asked = {}): Promise<Answer> {
    const response = await send(name, asked)
    const text = await response.text()
    const where = `${name} ${response.status} ${text.slice(0, 300)}`
    expect(response.status, where).toBe(status)
    const [method = '', path = ''] = name.split(' ')
    const responses = documented.paths[path]?.[method.toLowerCase()]?.responses
    const said = responses?.[status] ?? responses?.default
    expect(said, where).toBeDefined()
    met.add(`${name} ${status}`)
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

  const described = Object.entries(documented.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
  )
  const operations = described.map(([name, { responses }]) => [name, Object.keys(responses)] as const)
  const idempotent = described.flatMap(([name, { parameters = [] }]) =>
    parameters.some(parameter => parameter.name === keyHeader) ? name : [],
  )
  return { operations, idempotent, met, send, ask, expectToKeep }
}

/** A field that a schema does not name is a fault here, unless the schema says that there may be others. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed)
  if (typeof value !== 'object' || value === null) return value
  const inner: Json = Object.fromEntries(Object.entries(value).map(([name, part]) => [name, closed(part)]))
  const isSchema = inner.type === 'object' && Object.keys((inner.properties as Json | undefined) ?? {}).length > 0
  return isSchema && inner.additionalProperties === undefined ? { ...inner, additionalProperties: false } : inner
}
