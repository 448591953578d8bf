import { AppError } from '../errors.ts'
import { typeFor } from '../platform/accept.ts'
import type { Call, Route } from '../platform/http.ts'
import { type LinesSource, linesResponse, spooledLinesResponse } from '../platform/lines-response.ts'
import { linkToNext } from '../platform/links.ts'
import type { Logger } from '../platform/log.ts'
import { requireMediaType } from '../platform/media-type.ts'
import type { Pool } from '../platform/postgres.ts'
import { readBody } from '../platform/request-body.ts'
import { answerItems, saveTogether } from './item-batch.ts'
import { chrtIdOf, itemBytesMax, presentItem, readItemBody, toItem } from './item-document.ts'
import { type ItemListQuery, readItemListQuery } from './item-list-query.ts'
import { type ItemPage, listItems, readItems } from './item-queries.ts'
import { itemOperations } from './operations-items.ts'

type Options = Readonly<{
  /** For commands, for reads of one thing, and for lists. */
  commands: Pool
  single: Pool
  lists: Pool
  now: () => number
  log: Logger
}>

/** Items are written, read and listed. */
export function itemRoutes(options: Options): Route[] {
  const get = { method: 'GET', scope: 'orders:read' } as const
  const write = { scope: 'inventory:write' } as const
  const one = '/api/items/:chrt_id'
  return [
    { ...write, method: 'PUT', path: one, operation: itemOperations.put, handle: call => put(call, options) },
    {
      ...write,
      method: 'POST',
      path: '/api/items/batch',
      operation: itemOperations.batch,
      handle: call => batch(call, options),
    },
    { ...get, path: '/api/items', operation: itemOperations.list, handle: call => list(call, options) },
    { ...get, path: one, operation: itemOperations.get, handle: call => show(call, options) },
  ]
}

async function put(call: Call, { commands, now }: Options): Promise<Response> {
  requireMediaType(call.request, ['application/json'])
  const chrtId = chrtIdOf(call.params.chrt_id ?? '')
  if (chrtId === undefined) {
    const violations = [{ pointer: '/chrt_id', detail: 'must be a whole number in the address, at most 2^53 − 1' }]
    throw new AppError('REQUEST_INVALID', 'the address names no item', { violations })
  }
  const nowMs = now()
  const reading = readItemBody(await readBody(call.request, itemBytesMax), chrtId, nowMs)
  if (reading.kind === 'refused') {
    throw new AppError('REQUEST_INVALID', 'the item is not valid', { violations: reading.violations })
  }
  const item = toItem(chrtId, reading.value, nowMs)
  const outcome = (await saveTogether(commands, [item], nowMs)).get(chrtId)
  // An item that was sent as it is already keeps its time.
  const [stored = item] = outcome === 'unchanged' ? await readItems(commands, [chrtId]) : [item]
  if (outcome !== 'created') return Response.json(presentItem(stored))
  return Response.json(presentItem(stored), { status: 201, headers: { location: String(chrtId) } })
}

async function show(call: Call, { single }: Options): Promise<Response> {
  const chrtId = chrtIdOf(call.params.chrt_id ?? '')
  const [item] = chrtId === undefined ? [] : await readItems(single, [chrtId])
  if (item === undefined) throw itemNotFound(call.params.chrt_id ?? '')
  return Response.json(presentItem(item))
}

export function itemNotFound(chrtId: string | number): AppError {
  return new AppError('ITEM_NOT_FOUND', `no item is stored under ${chrtId}`)
}

function batch({ request }: Call, { commands, now, log }: Options): Promise<Response> {
  requireMediaType(request, ['application/x-ndjson', 'application/jsonl', 'application/json', 'text/csv'])
  const isCsv = /^\s*text\/csv\s*(;|$)/i.test(request.headers.get('content-type') ?? '')
  const body = request.body ?? new ReadableStream<Uint8Array>({ start: controller => controller.close() })
  const answers = answerItems(body, isCsv ? 'csv' : 'ndjson', { pool: commands, now, log })
  return spooledLinesResponse(answers, request.headers.has('content-length'))
}

const nothing: ItemPage = { items: [], next: undefined }

async function list(call: Call, { lists, log }: Options): Promise<Response> {
  const { url } = call.request
  const isStream = typeFor(call.request, ['application/json', 'application/x-ndjson']) === 'application/x-ndjson'
  const query = readItemListQuery(new URL(url).searchParams, isStream)
  if (isStream) {
    const response = await linesResponse(everyItem(lists, query, log))
    response.headers.set('vary', 'accept')
    return response
  }
  const { filter, after, limit } = query
  const { items, next } = filter === undefined ? nothing : await listItems(lists, filter, after, limit)
  const link = next === undefined ? {} : { link: linkToNext(url, String(next)) }
  return Response.json(items.map(presentItem), { headers: { vary: 'accept', ...link } })
}

/** Items that a page of a stream holds: two pages are in memory at a time. */
const streamPageSize = 1000

function everyItem(pool: Pool, { filter, after }: ItemListQuery, log: Logger): LinesSource {
  const sums = { count: 0 }
  async function* lines() {
    if (filter === undefined) return
    for (let last = after; ; ) {
      const { items, next } = await listItems(pool, filter, last, streamPageSize)
      sums.count += items.length
      if (items.length > 0) yield Buffer.from(items.map(item => `${JSON.stringify(presentItem(item))}\n`).join(''))
      if (next === undefined) return
      last = next
    }
  }
  return { lines: lines(), sums: () => sums, log }
}
