import { severalOf } from '../platform/openapi.ts'
import { pageSizeMax, QueryReader } from '../platform/query.ts'
import { stockLevel } from './events.ts'
import { chrtIdOf } from './item-document.ts'
import { locationForm } from './location.ts'
import { type MovementKind, movementKinds } from './movement.ts'
import type { StockFilter } from './read-queries.ts'
import { stockLevels } from './stock.ts'
import { movementView } from './views.ts'

const cursor = { description: 'Where the page begins: taken from a Link header', schema: { type: 'string' } }
const limit = (of: string) => ({
  description: `${of} on a page`,
  schema: { type: 'integer', minimum: 1, maximum: pageSizeMax, default: 100 },
})
const location = { description: 'At this location', schema: { type: 'string' } }

/** The parameters of `GET /api/stock`; also what its documentation is made from. */
export const stockListParameters = {
  limit: limit('Items'),
  cursor,
  chrt_id: severalOf({ type: 'integer', format: 'int64', minimum: 0 }, 'Of these items, with commas'),
  level: severalOf(stockLevel),
  location,
}

/** The parameters of `GET /api/stock/:chrt_id/movements`. */
export const movementListParameters = {
  limit: limit('Movements'),
  cursor,
  location,
  kind: severalOf(movementView.properties.kind),
}

/** @throws AppError REQUEST_INVALID with every parameter that is wrong; so does the other */
export function readStockListQuery(
  parameters: URLSearchParams,
): Readonly<{ filter: StockFilter; after: number | undefined; limit: number }> {
  const query = new QueryReader(parameters, stockListParameters)
  const limit = query.limit()
  const after = cursorOf(query)
  const ids = query.list('chrt_id')
  const chrtIds = ids?.flatMap(text => chrtIdOf(text) ?? [])
  if (chrtIds?.length !== ids?.length) query.refuse('chrt_id', 'whole numbers')
  if (chrtIds !== undefined && chrtIds.length > pageSizeMax) query.refuse('chrt_id', `at most ${pageSizeMax} numbers`)
  const levels = oneOf(query, 'level', stockLevels)
  const location = locationOf(query)
  query.end()
  return { filter: { chrtIds, levels, location }, after, limit }
}

export function readMovementListQuery(parameters: URLSearchParams): Readonly<{
  location: string | undefined
  kinds: readonly MovementKind[] | undefined
  before: number | undefined
  limit: number
}> {
  const query = new QueryReader(parameters, movementListParameters)
  const found = {
    limit: query.limit(),
    before: cursorOf(query),
    location: locationOf(query),
    kinds: oneOf(query, 'kind', movementKinds),
  }
  query.end()
  return found
}

function cursorOf(query: QueryReader): number | undefined {
  const text = query.text('cursor')
  const found = text === undefined ? undefined : chrtIdOf(text)
  if (text !== undefined && found === undefined) query.refuse('cursor', 'taken from a Link header')
  return found
}

function locationOf(query: QueryReader): string | undefined {
  const text = query.text('location')
  if (text !== undefined && !locationForm.test(text)) query.refuse('location', '1 to 64 of A-Z a-z 0-9 _ -')
  return text
}

function oneOf<Word extends string>(
  query: QueryReader,
  name: string,
  known: readonly Word[],
): readonly Word[] | undefined {
  const given = query.list(name)
  const found = given?.flatMap(text => known.find(word => word === text) ?? [])
  if (found?.length !== given?.length) query.refuse(name, `of ${known.join(', ')}`)
  return found
}
