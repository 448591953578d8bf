import { readFileSync } from 'node:fs'
import type { BatchEnd, BatchResult, Order } from './client'
import { cancelOrder, getOrder, listOrders, placeBatch, placeOrder } from './client'
import { client } from './client/client.gen'

// The program of the client that @hey-api/openapi-ts makes.

const [url = '', key = '', input = ''] = process.argv.slice(2)
const [first, second, third, last]: Order[] = JSON.parse(readFileSync(input, 'utf8'))
if (!first || !second || !third || !last) throw new Error('four orders are needed')
client.setConfig({ baseUrl: url, auth: key })

for (const body of [first, second, third]) {
  const { data, error, response } = await placeOrder({ body })
  if (data === undefined || response?.status !== 201) throw new Error(`not placed: ${JSON.stringify(error)}`)
}
const read = await getOrder({ path: { id: first.order_uid } })

const paged: string[] = []
let cursor: string | undefined
do {
  const query = { customer_id: first.customer_id, limit: 1, ...(cursor === undefined ? {} : { cursor }) }
  const { data, response } = await listOrders({ query })
  paged.push(...(data ?? []).map(order => order.order_uid))
  const link = /<([^>]+)>; rel="next"/.exec(response?.headers.get('link') ?? '')?.[1]
  cursor = link === undefined ? undefined : (new URL(link, response?.url).searchParams.get('cursor') ?? undefined)
} while (cursor !== undefined)

const cancelled = await cancelOrder({ path: { id: second.order_uid }, body: { reason: 'changed their mind' } })
const some = await listOrders({ query: { customer_id: first.customer_id, status: ['cancelled', 'expired'] } })
const missing = await getOrder({ path: { id: 'nobody-has-this' } })
const batch = await placeBatch({ body: new Blob([`${JSON.stringify(last)}\n`]), parseAs: 'text' })
const lines = String(batch.data).trimEnd().split('\n')
const result: BatchResult = JSON.parse(lines[0] ?? '')
// Without this last line the answer was cut off.
const end: BatchEnd = JSON.parse(lines.at(-1) ?? '')

console.log(
  JSON.stringify({
    read: read.data,
    paged,
    cancelled: [cancelled.data?.status, cancelled.data?.version],
    some: some.data?.map(order => order.order_uid),
    missing: [missing.error?.status, missing.error?.code],
    batch: [result.outcome, end.complete, end.placed],
  }),
)
