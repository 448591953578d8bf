import { expect } from 'bun:test'
import type { OrderDocument } from '../src/orders/document.ts'
import type { TestApp } from './app.ts'
import { makeOrders } from './orders.ts'

export type ApiResponse = { status: number; body: Record<string, unknown> & { errors?: { pointer: string }[] } }

/** The API of dead letters, as a test calls it. */
export function deadLetterApi(app: () => TestApp) {
  async function call(method: string, path: string, body?: unknown): Promise<ApiResponse> {
    const response = await app().call(method, path, { body })
    return { status: response.status, body: JSON.parse(await response.text()) }
  }
  return {
    call,
    look: (id: string) => call('GET', `/api/dead-letters/${id}`).then(({ body }) => body),
    replay: (id: string, body?: unknown) => call('POST', `/api/dead-letters/${id}/replay`, body),
    discard: (id: string, body?: unknown) => call('POST', `/api/dead-letters/${id}/discard`, body),
    /** The lines of the answer, the sums last. */
    async many(what: 'replay' | 'discard', body: unknown): Promise<Record<string, unknown>[]> {
      const response = await app().call('POST', `/api/dead-letters/${what}`, { body })
      expect(response.status).toBe(200)
      const text = await response.text()
      return text
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line))
    },
  }
}

/** Makes orders that no other test of a file has. */
export function orderSeries(name: string) {
  let series = 0
  const newOrders = (count: number): OrderDocument[] => {
    series += 1
    return makeOrders(count, `${name}${series}`)
  }
  return {
    newOrders,
    newOrder: () => newOrders(1)[0] as OrderDocument,
  }
}
