import { randomUUID } from 'node:crypto'
import { typeFor } from '../platform/accept.ts'
import { BytesResponse } from '../platform/bytes-response.ts'
import { codingFor, compressedResponse } from '../platform/compression.ts'
import { isKnown } from '../platform/entity-tags.ts'
import type { Call, Route } from '../platform/http.ts'
import { toResponse } from '../platform/idempotency/idempotency.ts'
import type { Claim } from '../platform/idempotency/queries.ts'
import { type LinesSource, linesResponse, spooledLinesResponse } from '../platform/lines-response.ts'
import { linkToNext } from '../platform/links.ts'
import type { Logger } from '../platform/log.ts'
import { requireMediaType } from '../platform/media-type.ts'
import { pageWasMade } from '../platform/page-garbage.ts'
import type { Pool } from '../platform/postgres.ts'
import { readBody } from '../platform/request-body.ts'
import { traceOf } from '../platform/traceparent.ts'
import { answered, answerToPlaced, answerWith } from './answers.ts'
import { answerLines } from './batch.ts'
import type { OrderCache } from './cache.ts'
import { CachedOrder } from './cached-order.ts'
import { notFound } from './commands.ts'
import { type OrderDocument, orderUidForm } from './document.ts'
import { exampleOrder } from './example.ts'
import type { Intake } from './intake.ts'
import { encodeCursor, type ListQuery, readListQuery } from './list-query.ts'
import type { OrderMetrics } from './metrics.ts'
import { operations } from './operations.ts'
import { errorOf, isStored } from './placement.ts'
import { jsonOf, listOrders } from './queries.ts'
import { documentSizeBytesMax, inTrace, orderInvalid, readOrder, submittable } from './validate.ts'
import type { SentOrderView } from './views.ts'

export type OrderRoutesOptions = {
  intake: Intake
  cache: OrderCache
  pool: Pool
  metrics: OrderMetrics
  now: () => number
  log: Logger
  /** The orders that other modules know by a number of their parcels; few. */
  findTracked: (number: string) => Promise<readonly string[]>
  /** Sends an order to the topic of incoming orders; undefined without Kafka. */
  sendToTopic: ((order: OrderDocument, traceparent: string | undefined) => Promise<void>) | undefined
}

/** The routes that place, list and read orders. */
export function orderRoutes(options: OrderRoutesOptions): Route[] {
  const post = { method: 'POST', scope: 'orders:write' } as const
  const once = { ...post, idempotent: true } as const
  const get = { method: 'GET', scope: 'orders:read' } as const
  return [
    {
      ...once,
      path: '/api/orders',
      operation: operations.placeOrder,
      handle: (c, claim) => placeOrder(c, options, claim),
    },
    { ...post, path: '/api/orders/batch', operation: operations.placeBatch, handle: c => placeBatch(c, options) },
    {
      ...once,
      path: '/api/orders/test',
      operation: operations.placeExample,
      handle: (c, claim) => placeExample(c, options, claim),
    },
    { ...get, path: '/api/orders', operation: operations.listOrders, handle: c => list(c, options) },
    {
      ...get,
      path: '/api/orders/:id',
      representsItself: true,
      operation: operations.getOrder,
      handle: c => getOrder(c, options.cache),
    },
  ]
}

async function placeOrder(
  call: Call,
  { intake, metrics }: OrderRoutesOptions,
  claim: Claim | undefined,
): Promise<Response> {
  requireMediaType(call.request, ['application/json'])
  const reading = readOrder(await readBody(call.request, documentSizeBytesMax))
  const read = submittable(reading)
  if (read === undefined) {
    metrics.count('http', 'ORDER_INVALID')
    throw orderInvalid(reading.kind === 'refused' ? reading.violations : [])
  }
  const { orderUid } = read
  const order = answered(inTrace(read, traceOf(call.request)), claim, placed =>
    answerToPlaced(orderUid, new CachedOrder(placed)),
  )
  const outcome = await intake.submit(order)
  if (!isStored(outcome)) {
    const error = errorOf(outcome, orderUid)
    metrics.count('http', error.code)
    throw error
  }
  metrics.count('http', outcome.kind)
  if (outcome.kind === 'duplicate') return toResponse(answerWith(new CachedOrder(outcome.order)))
  if (claim !== undefined) claim.isKept = true
  return toResponse(answerToPlaced(orderUid, new CachedOrder(outcome.order)))
}

function placeBatch(call: Call, { intake, metrics, log }: OrderRoutesOptions): Promise<Response> {
  const { request } = call
  requireMediaType(request, ['application/x-ndjson', 'application/jsonl', 'application/json'])
  const body = request.body ?? new ReadableStream<Uint8Array>({ start: controller => controller.close() })
  const onOutcome = (outcome: string) => metrics.count('batch', outcome)
  const answers = answerLines(body, { intake, onOutcome, traceparent: traceOf(request), log })
  return spooledLinesResponse(answers, request.headers.has('content-length'))
}

async function placeExample(call: Call, options: OrderRoutesOptions, claim: Claim | undefined): Promise<Response> {
  const { intake, metrics, now, sendToTopic } = options
  const traceparent = traceOf(call.request)
  const document = exampleOrder(randomUUID(), now(), Math.random)
  const { order_uid: orderUid } = document
  const sent: SentOrderView = { order_uid: orderUid, sent_by: sendToTopic === undefined ? 'http' : 'kafka' }
  // Relative to /api/orders/test.
  const headers = { 'content-type': 'application/json', location: orderUid }
  const answer = { status: 202, headers, body: Buffer.from(JSON.stringify(sent)) }
  if (sendToTopic === undefined) {
    const reading = readOrder(Buffer.from(JSON.stringify(document)))
    if (reading.kind === 'refused') throw new Error(`the example breaks the contract: ${JSON.stringify(reading)}`)
    const outcome = await intake.submit(answered(inTrace(reading.order, traceparent), claim, () => answer))
    metrics.count('http', isStored(outcome) ? outcome.kind : errorOf(outcome, orderUid).code)
    if (claim !== undefined) claim.isKept = outcome.kind === 'placed'
  } else await sendToTopic(document, traceparent)
  return toResponse(answer)
}

function getOrder(call: Call, cache: OrderCache): Response | Promise<Response> {
  const orderUid = call.params.id ?? ''
  const found = orderUidForm.test(orderUid) ? cache.get(orderUid, call.startedMs) : undefined
  return found instanceof Promise
    ? found.then(order => sendOrder(call, orderUid, order))
    : sendOrder(call, orderUid, found)
}

function sendOrder({ request }: Call, orderUid: string, order: CachedOrder | undefined): Response | Promise<Response> {
  if (order === undefined) throw notFound(orderUid)
  const { bytes, etag } = order
  const known = request.headers.get('if-none-match')
  if (known !== null && isKnown(known, etag)) {
    return new Response(null, { status: 304, headers: { ...cached, etag } })
  }
  const coding = codingFor(request, bytes.byteLength)
  const headers = headersOf(etag)
  return coding === undefined ? new BytesResponse(bytes, headers) : compressedResponse(bytes, coding, headers)
}

/** A client may cache an order, and revalidates it each time. */
const cached = { 'cache-control': 'private, no-cache', vary: 'accept-encoding' }

/** The headers of orders by ETag. There are few, since most orders have few versions. */
const headersByTag = new Map<string, Headers>()
const tagsMax = 1_000

/** Reuses headers: making them for each answer would cost a tenth of its time. */
function headersOf(etag: string): Headers {
  const known = headersByTag.get(etag)
  if (known !== undefined) return known
  if (headersByTag.size >= tagsMax) headersByTag.clear()
  const headers = new Headers({ 'content-type': 'application/json', ...cached, etag })
  headersByTag.set(etag, headers)
  return headers
}

/** No order and no parcel has a longer number. */
const trackNumberMax = 64

/** A query with the orders that have what it looks for as a number of their parcels. */
async function withTracked(query: ListQuery, findTracked: OrderRoutesOptions['findTracked']): Promise<ListQuery> {
  const { trackNumber, search = '' } = query.filter
  const number = trackNumber ?? search
  if (number === '' || number.length > trackNumberMax) return query
  const tracked = await findTracked(number)
  return tracked.length === 0 ? query : { ...query, filter: { ...query.filter, tracked } }
}

async function list(call: Call, { pool, log, findTracked }: OrderRoutesOptions): Promise<Response> {
  const { url } = call.request
  const isStream = typeFor(call.request, ['application/json', 'application/x-ndjson']) === 'application/x-ndjson'
  const query = await withTracked(readListQuery(new URL(url).searchParams, isStream), findTracked)
  if (isStream) {
    const response = await linesResponse(everyOrder(pool, query, log))
    response.headers.set('vary', 'accept')
    return response
  }
  const page = await listOrders(pool, query.filter, query.after, query.limit, query.ordering)
  const bytes = Buffer.from(`[${page.orders.map(jsonOf).join(',')}]`)
  pageWasMade(bytes.byteLength)
  return new BytesResponse(bytes, {
    'content-type': 'application/json',
    vary: 'accept',
    ...(page.next === undefined ? {} : { link: linkToNext(url, encodeCursor(page.next)) }),
  })
}

/** Orders that a page of a stream holds, and their bytes: two pages are in memory at a time. */
const streamPageSize = 500
const streamPageBytesMax = 512 * 1024

function everyOrder(pool: Pool, query: ListQuery, log: Logger): LinesSource {
  const sums = { count: 0 }
  async function* lines() {
    for (let { after } = query; ; ) {
      const { filter, ordering } = query
      // Taken apart: a page whose bytes wait for their receiver would otherwise hold its orders as well.
      const { orders, next } = await listOrders(pool, filter, after, streamPageSize, ordering, streamPageBytesMax)
      sums.count += orders.length
      if (orders.length > 0) yield Buffer.from(`${orders.map(jsonOf).join('\n')}\n`)
      if (next === undefined) return
      after = next
    }
  }
  return { lines: lines(), sums: () => sums, log }
}
