import { AppError } from '../errors.ts'
import type { Call, Route } from '../platform/http.ts'
import { toResponse } from '../platform/idempotency/idempotency.ts'
import type { Claim, StoredResponse } from '../platform/idempotency/queries.ts'
import { linkToNext } from '../platform/links.ts'
import type { Pool } from '../platform/postgres.ts'
import { traceOf } from '../platform/traceparent.ts'
import type { EntryResult } from './decide-entries.ts'
import type { Entry } from './entry.ts'
import { chrtIdOf } from './item-document.ts'
import { readItems } from './item-queries.ts'
import type { InventoryMetrics } from './metrics.ts'
import { stockOperations } from './operations-stock.ts'
import { presentCount, presentRecorded, presentStock } from './presentation.ts'
import { listMovements, listStock } from './read-queries.ts'
import { type RecordOptions, recordEntries } from './record-entries.ts'
import { readCount, readMovement } from './requests.ts'
import { itemNotFound } from './routes-items.ts'
import { readMovementListQuery, readStockListQuery } from './stock-list-query.ts'
import { readStock } from './stock-queries.ts'

type Options = Readonly<{
  recording: RecordOptions
  /** For reads of one thing, and for lists. */
  single: Pool
  lists: Pool
  metrics: InventoryMetrics
}>

/** The actor when none is given. */
const actorDefault = 'api'

/** Stock is read, moved and counted. */
export function stockRoutes(options: Options): Route[] {
  const get = { method: 'GET', scope: 'orders:read' } as const
  const post = { method: 'POST', scope: 'inventory:write', idempotent: true } as const
  const one = '/api/stock/:chrt_id'
  return [
    { ...get, path: '/api/stock', operation: stockOperations.list, handle: call => list(call, options) },
    { ...get, path: one, operation: stockOperations.get, handle: call => show(call, options) },
    { ...get, path: `${one}/movements`, operation: stockOperations.movements, handle: call => history(call, options) },
    {
      ...post,
      path: `${one}/movements`,
      operation: stockOperations.move,
      handle: (call, claim) => move(call, claim, options),
    },
    {
      ...post,
      path: `${one}/count`,
      operation: stockOperations.count,
      handle: (call, claim) => count(call, claim, options),
    },
  ]
}

async function list(call: Call, { lists, recording: { lowStockDefault } }: Options): Promise<Response> {
  const { url } = call.request
  const { filter, after, limit } = readStockListQuery(new URL(url).searchParams)
  const { items, next } = await listStock(lists, filter, after, limit, lowStockDefault)
  const page = items.map(stocks => presentStock(stocks[0]?.chrtId ?? 0, stocks, lowStockDefault))
  return Response.json(page, { headers: next === undefined ? {} : { link: linkToNext(url, String(next)) } })
}

/** The number of an item that there is. @throws AppError ITEM_NOT_FOUND */
async function itemOf(call: Call, { single }: Options): Promise<number> {
  const text = call.params.chrt_id ?? ''
  const chrtId = chrtIdOf(text)
  if (chrtId === undefined || (await readItems(single, [chrtId])).length === 0) throw itemNotFound(text)
  return chrtId
}

async function show(call: Call, options: Options): Promise<Response> {
  const chrtId = await itemOf(call, options)
  const stocks = await readStock(options.single, [chrtId])
  return Response.json(presentStock(chrtId, stocks, options.recording.lowStockDefault))
}

async function history(call: Call, options: Options): Promise<Response> {
  const { url } = call.request
  const { location, kinds, before, limit } = readMovementListQuery(new URL(url).searchParams)
  const chrtId = await itemOf(call, options)
  const { movements, next } = await listMovements(options.lists, chrtId, { location, kinds }, before, limit)
  return Response.json(movements, { headers: next === undefined ? {} : { link: linkToNext(url, String(next)) } })
}

async function move(call: Call, claim: Claim | undefined, options: Options): Promise<Response> {
  const entry = await readMovement(call.request, numberOf(call), contextOf(call, options))
  return record(entry, claim, options, result =>
    answerWith(
      result.kind === 'recorded' ? 201 : 200,
      presentRecorded(result.recorded, options.recording.lowStockDefault),
    ),
  )
}

async function count(call: Call, claim: Claim | undefined, options: Options): Promise<Response> {
  const entry = await readCount(call.request, numberOf(call), contextOf(call, options))
  return record(entry, claim, options, ({ recorded }) =>
    answerWith(200, presentCount(recorded, options.recording.lowStockDefault)),
  )
}

function numberOf(call: Call): number {
  const text = call.params.chrt_id ?? ''
  const chrtId = chrtIdOf(text)
  if (chrtId === undefined) throw itemNotFound(text)
  return chrtId
}

function contextOf({ request }: Call, { recording }: Options) {
  return { nowMs: recording.now(), actor: actorDefault, traceparent: traceOf(request) }
}

function answerWith(status: number, body: object): StoredResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

type Done = Exclude<EntryResult, { kind: 'refused' }>

/** Records an entry, and the answer with it. @throws AppError that says why it was refused */
async function record(
  entry: Entry,
  claim: Claim | undefined,
  { recording, metrics }: Options,
  answer: (result: Done) => StoredResponse,
): Promise<Response> {
  const [result] = await recordEntries(recording, [entry], ([result]) =>
    claim === undefined || result === undefined || result.kind === 'refused' ? [] : [{ claim, answer: answer(result) }],
  )
  if (result === undefined) throw new AppError('INTERNAL', 'nothing came of an entry')
  metrics.count('http', result.kind === 'refused' ? result.error.code : result.kind)
  if (result.kind === 'refused') throw result.error
  if (claim !== undefined) claim.isKept = true
  return toResponse(answer(result))
}
