import { readFileSync } from 'node:fs'
import createClient from 'openapi-fetch'
import type { components, paths } from './schema'

// The program of the client that openapi-typescript and openapi-fetch make.

type Order = components['schemas']['Order']

const [url = '', key = '', input = ''] = process.argv.slice(2)
const [first, second, third, last]: Order[] = JSON.parse(readFileSync(input, 'utf8'))
if (!first || !second || !third || !last) throw new Error('four orders are needed')
const client = createClient<paths>({ baseUrl: url, headers: { authorization: `Bearer ${key}` } })

for (const body of [first, second, third]) {
  const { data, error, response } = await client.POST('/api/orders', { body })
  if (data === undefined || response.status !== 201) throw new Error(`not placed: ${JSON.stringify(error)}`)
}
/** A list may also be asked for as JSON lines, so its type is either. */
function uidsOf(orders: string | components['schemas']['StoredOrder'][] | undefined): string[] {
  if (!Array.isArray(orders)) throw new Error('not a page')
  return orders.map(order => order.order_uid)
}

const read = await client.GET('/api/orders/{id}', { params: { path: { id: first.order_uid } } })
if (read.data === undefined) throw new Error(`not read: ${read.error.code}`)

const paged: string[] = []
let cursor: string | undefined
do {
  const query = { customer_id: first.customer_id, limit: 1, ...(cursor === undefined ? {} : { cursor }) }
  const { data, response } = await client.GET('/api/orders', { params: { query } })
  paged.push(...uidsOf(data))
  const link = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1]
  cursor = link === undefined ? undefined : (new URL(link, response.url).searchParams.get('cursor') ?? undefined)
} while (cursor !== undefined)

const path = { id: second.order_uid }
const cancelled = await client.POST('/api/orders/{id}/cancel', {
  params: { path },
  body: { reason: 'changed their mind' },
})
const some = await client.GET('/api/orders', {
  params: { query: { customer_id: first.customer_id, status: ['cancelled', 'expired'] } },
})
const missing = await client.GET('/api/orders/{id}', { params: { path: { id: 'nobody-has-this' } } })
const batch = await client.POST('/api/orders/batch', {
  body: `${JSON.stringify(last)}\n`,
  bodySerializer: body => body,
  headers: { 'content-type': 'application/x-ndjson' },
  parseAs: 'text',
})
const lines = (batch.data ?? '').trimEnd().split('\n')
const result: components['schemas']['BatchResult'] = JSON.parse(lines[0] ?? '')
// Without this last line the answer was cut off.
const end: components['schemas']['BatchEnd'] = JSON.parse(lines.at(-1) ?? '')

console.log(
  JSON.stringify({
    read: read.data,
    paged,
    cancelled: [cancelled.data?.status, cancelled.data?.version],
    some: uidsOf(some.data),
    missing: [missing.error?.status, missing.error?.code],
    batch: [result.outcome, end.complete, end.placed],
  }),
)
