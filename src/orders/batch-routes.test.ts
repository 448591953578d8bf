import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { exampleOrder } from './example.ts'

let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
})

afterAll(() => t.close())

const newOrder = () => exampleOrder(crypto.randomUUID(), Date.now(), Math.random)

describe('POST /api/orders/batch', () => {
  test('answers line by line, whatever the chunks', async () => {
    const orders = Array.from({ length: 2500 }, () => newOrder())
    const lines = orders.map(order => JSON.stringify(order))
    lines.splice(7, 0, '{broken', '', lines[3] ?? '')
    lines.splice(2000, 0, '', '')
    const bytes = Buffer.from(`${lines.join('\r\n')}`)
    const body = new ReadableStream({
      start(controller) {
        for (let start = 0; start < bytes.length; start += 77_777)
          controller.enqueue(bytes.subarray(start, start + 77_777))
        controller.close()
      },
    })
    const response = await t.app.fetch(new Request('http://localhost/api/orders/batch', { method: 'POST', body }))
    expect(response.headers.get('content-type')).toBe('application/x-ndjson')
    const results = (await response.text())
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(results.pop()).toEqual({ complete: true, count: 2502, placed: 2500, duplicate: 1, refused: 1 })
    expect(results).toHaveLength(2502)
    expect(results.map(result => result.line)).toEqual(lines.flatMap((line, index) => (line === '' ? [] : [index + 1])))
    expect(results[7]).toMatchObject({ outcome: 'refused', code: 'ORDER_INVALID' })
    expect(results[8]).toEqual({ line: 10, order_uid: orders[3]?.order_uid ?? '', outcome: 'duplicate' })
    expect(results.filter(result => result.outcome === 'placed')).toHaveLength(2500)
  })

  test('names the order of a refused line, if its uid can be read', async () => {
    const lines = [
      { ...newOrder(), order_uid: 'refused-1', locale: 7 },
      { ...newOrder(), order_uid: 'refused-2', status: 'pending' },
      { ...newOrder(), order_uid: 'not/allowed' },
      { ...newOrder(), order_uid: 7 },
      ['refused-5'],
      null,
    ]
    const body = `${lines.map(line => JSON.stringify(line)).join('\n')}\n{"order_uid":"refused-7"`
    const results = (await (await t.call('POST', '/api/orders/batch', { body })).text())
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
      .filter(result => result.outcome === 'refused')
    expect(results.map(({ line, order_uid: uid }) => [line, uid])).toEqual([
      [1, 'refused-1'],
      [2, 'refused-2'],
      ...[3, 4, 5, 6, 7].map(line => [line, undefined]),
    ])
  })

  test('ends with a clear line when a line is too long', async () => {
    const body = `${JSON.stringify(newOrder())}\n${'x'.repeat(1024 * 1024 + 1)}`
    const results = (await (await t.call('POST', '/api/orders/batch', { body })).text()).trim().split('\n')
    expect(results.map(line => JSON.parse(line))).toMatchObject([
      { line: 1, outcome: 'placed' },
      { complete: false, count: 1, placed: 1, code: 'BODY_TOO_LARGE' },
    ])
    const first = await t.call('POST', '/api/orders/batch', { body: 'x'.repeat(1024 * 1024 + 1) })
    expect(first.status).toBe(413)
  })
})
