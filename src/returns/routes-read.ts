import { notFound } from '../orders/commands.ts'
import { orderUidForm } from '../orders/document.ts'
import { findOrder } from '../orders/queries.ts'
import type { Call, Route } from '../platform/http.ts'
import { linkToNext } from '../platform/links.ts'
import type { Pool } from '../platform/postgres.ts'
import { encodeTimedCursor } from '../platform/timed-cursor.ts'
import { returnIdForm } from './ids.ts'
import { readListQuery } from './list-query.ts'
import { findOrderOf, readReturnsOf } from './load.ts'
import { operations } from './operations.ts'
import { presentReturn } from './presentation.ts'
import { listReturns } from './read-queries.ts'
import { returnNotFound } from './refusal.ts'

type Options = Readonly<{
  /** For reads of one thing, and for lists. */
  single: Pool
  lists: Pool
}>

/** Returns are read. */
export function readRoutes(options: Options): Route[] {
  const get = { method: 'GET', scope: 'orders:read' } as const
  return [
    { ...get, path: '/api/orders/:id/returns', operation: operations.ofOrder, handle: call => ofOrder(call, options) },
    { ...get, path: '/api/returns', operation: operations.list, handle: call => list(call, options) },
    { ...get, path: '/api/returns/:id', operation: operations.get, handle: call => show(call, options) },
  ]
}

async function ofOrder(call: Call, { single }: Options): Promise<Response> {
  const orderUid = call.params.id ?? ''
  if (!orderUidForm.test(orderUid)) throw notFound(orderUid)
  const returns = await readReturnsOf(single, orderUid)
  if (returns.length === 0 && (await findOrder(single, orderUid)) === undefined) throw notFound(orderUid)
  return Response.json(returns.map(presentReturn))
}

async function list(call: Call, { lists }: Options): Promise<Response> {
  const { url } = call.request
  const { filter, after, limit } = readListQuery(new URL(url).searchParams)
  const { returns, next } = await listReturns(lists, filter, after, limit)
  const headers: Record<string, string> = next === undefined ? {} : { link: linkToNext(url, encodeTimedCursor(next)) }
  return Response.json(returns.map(presentReturn), { headers })
}

async function show(call: Call, { single }: Options): Promise<Response> {
  const returnId = call.params.id ?? ''
  const orderUid = returnIdForm.test(returnId) ? await findOrderOf(single, returnId) : undefined
  const returns = orderUid === undefined ? [] : await readReturnsOf(single, orderUid)
  const found = returns.find(one => one.returnId === returnId)
  if (found === undefined) throw returnNotFound(returnId)
  return Response.json(presentReturn(found))
}
