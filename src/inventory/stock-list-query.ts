import { severalOf } from '../platform/openapi.ts'
import { pageParameters, pageSizeMax, QueryReader } from '../platform/query.ts'
import { stockLevel } from './events.ts'
import { chrtIdOf } from './item-document.ts'
import { locationForm } from './location.ts'
import { type MovementKind, movementKinds } from './movement.ts'
import type { StockFilter } from './read-queries.ts'
import { stockLevels } from './stock.ts'
import { movementView } from './views.ts'

const location = { description: 'At this location', schema: { type: 'string' } }

/** The parameters of `GET /api/stock`; also what its documentation is made from. */
export const stockListParameters = {
  ...pageParameters('Items'),
  chrt_id: severalOf({ type: 'integer', format: 'int64', minimum: 0 }, 'Of these items, with commas'),
  level: severalOf(stockLevel),
  location,
}

/** The parameters of `GET /api/stock/:chrt_id/movements`. */
export const movementListParameters = {
  ...pageParameters('Movements'),
  location,
  kind: severalOf(movementView.properties.kind),
}

/** @throws AppError REQUEST_INVALID with every parameter that is wrong; so does the other */
export function readStockListQuery(
  parameters: URLSearchParams,
): Readonly<{ filter: StockFilter; after: number | undefined; limit: number }> {
  const query = new QueryReader(parameters, stockListParameters)
  const limit = query.limit()
  const after = query.cursor(chrtIdOf)
  const ids = query.list('chrt_id')
  const chrtIds = ids?.flatMap(text => chrtIdOf(text) ?? [])
  if (chrtIds?.length !== ids?.length) query.refuse('chrt_id', 'whole numbers')
  if (chrtIds !== undefined && chrtIds.length > pageSizeMax) query.refuse('chrt_id', `at most ${pageSizeMax} numbers`)
  const levels = query.words('level', stockLevels)
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
    before: query.cursor(chrtIdOf),
    location: locationOf(query),
    kinds: query.words('kind', movementKinds),
  }
  query.end()
  return found
}

function locationOf(query: QueryReader): string | undefined {
  const text = query.text('location')
  if (text !== undefined && !locationForm.test(text)) query.refuse('location', '1 to 64 of A-Z a-z 0-9 _ -')
  return text
}
