import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from './app.ts'

/** One rule for the query of every documented route: a parameter is known, given once, and not empty. */

type Parameter = { name: string; in: string; schema?: { type?: string } }
type Operation = { parameters?: Parameter[] }
type Document = { paths: Record<string, Record<string, Operation>> }

let t: TestApp
let operations: { method: string; path: string; names: string[]; lists: string[] }[]
beforeAll(async () => {
  t = await createTestApp()
  const { paths } = (await (await t.call('GET', '/api/openapi.json')).json()) as Document
  operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [] }]) => ({
      method: method.toUpperCase(),
      path: path.replace(/\{\w+\}/g, '1'),
      names: parameters.filter(({ in: place }) => place === 'query').map(({ name }) => name),
      lists: parameters.filter(({ schema }) => schema?.type === 'array').map(({ name }) => name),
    })),
  )
})
afterAll(() => t.close())

/** What a query is refused for, by parameter. */
async function refusalsOf(method: string, path: string, query: string): Promise<string[] | number> {
  const response = await t.call(method, `${path}?${query}`)
  const answer = (await response.json().catch(() => undefined)) as { errors?: { pointer: string }[] } | undefined
  if (response.status !== 400) return response.status
  return (answer?.errors ?? []).map(({ pointer }) => pointer)
}

describe('every route rejects', () => {
  test('an unknown parameter', async () => {
    expect(operations.length).toBeGreaterThan(30)
    for (const { method, path } of operations) {
      const where = `${method} ${path}`
      expect([where, await refusalsOf(method, path, 'unknwon=1')]).toEqual([where, ['/unknwon']])
      expect([where, await refusalsOf(method, path, 'unknwon=')]).toEqual([where, ['/unknwon']])
      expect([where, await refusalsOf(method, path, 'a/b~c')]).toEqual([where, ['/a~1b~0c']])
    }
  })

  test('a parameter that is empty, or given twice', async () => {
    const parameters = operations.flatMap(({ names, ...operation }) => names.map(name => ({ ...operation, name })))
    expect(parameters.length).toBeGreaterThan(20)
    for (const { method, path, name, lists } of parameters) {
      // A list may be given value by value.
      const twice = lists.includes(name) ? [] : [`${name}=1&${name}=1`]
      for (const query of [`${name}=`, name, `${name}=&${name}=1`, ...twice]) {
        const refused = await refusalsOf(method, path, query)
        expect([path, query, Array.isArray(refused) && refused.includes(`/${name}`)]).toEqual([path, query, true])
      }
    }
  })
})

test('a question mark alone is no query, and routes outside the API accept any', async () => {
  expect((await t.call('GET', '/api/orders?')).status).toBe(200)
  expect((await t.call('GET', '/api/system?')).status).toBe(200)
  for (const path of ['/livez', '/readyz', '/metrics', '/api/openapi.json']) {
    expect((await t.call('GET', `${path}?verbose&x=`)).status).toBe(200)
  }
})

test('a parameter with several values separates them by commas, or is given several times', async () => {
  for (const query of [
    'status=pending,expired',
    'status=pending&status=expired',
    'status=pending,expired&status=pending',
  ]) {
    expect((await t.call('GET', `/api/orders?${query}`)).status).toBe(200)
  }
  expect((await t.call('GET', '/api/events?type=order.placed&type=order.expired')).status).toBe(200)
  expect(await refusalsOf('GET', '/api/orders', 'status=pending&status=gone')).toEqual(['/status'])
  expect(await refusalsOf('GET', '/api/orders', 'status=pending&status=')).toEqual(['/status'])
})
