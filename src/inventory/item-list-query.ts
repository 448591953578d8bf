import { severalOf } from '../platform/openapi.ts'
import { cursorParameter, limitParameter, pageSizeMax, QueryReader } from '../platform/query.ts'
import { chrtIdOf } from './item-document.ts'
import type { ItemFilter } from './item-queries.ts'
import { searchedWordsOf } from './item-words.ts'

/** The parameters of `GET /api/items`; also what its documentation is made from. */
export const itemListParameters = {
  limit: limitParameter('Items on a page; not with a stream'),
  cursor: cursorParameter,
  q: {
    description:
      'Words, each the beginning of one of the name, brand, size, chrt_id or nm_id; case and accents do not matter',
    schema: { type: 'string', maxLength: 300 },
  },
  chrt_id: severalOf({ type: 'integer', format: 'int64', minimum: 0 }, 'These items, with commas'),
  nm_id: { description: 'Of this product', schema: { type: 'integer', format: 'int64', minimum: 0 } },
  active: { description: 'Whether it is sold', schema: { type: 'boolean' } },
}

export type ItemListQuery = Readonly<{
  /** Undefined when nothing can match. */
  filter: ItemFilter | undefined
  after: number | undefined
  limit: number
}>

/** @throws AppError REQUEST_INVALID with every parameter that is wrong */
export function readItemListQuery(parameters: URLSearchParams, isStream: boolean): ItemListQuery {
  const query = new QueryReader(parameters, itemListParameters)
  const limit = query.limit()
  if (isStream && query.text('limit') !== undefined)
    query.refuse('limit', 'left out of a stream, which has every match')
  const after = query.cursor(chrtIdOf)
  const nmText = query.text('nm_id')
  const nmId = nmText === undefined ? undefined : chrtIdOf(nmText)
  if (nmText !== undefined && nmId === undefined) query.refuse('nm_id', 'a whole number')
  const ids = query.list('chrt_id')
  const chrtIds = ids?.flatMap(text => chrtIdOf(text) ?? [])
  if (chrtIds?.length !== ids?.length) query.refuse('chrt_id', 'whole numbers')
  if (chrtIds !== undefined && chrtIds.length > pageSizeMax) query.refuse('chrt_id', `at most ${pageSizeMax} numbers`)
  const active = query.flag('active')
  const text = query.text('q')
  if (text !== undefined && text.length > 300) query.refuse('q', 'at most 300 characters')
  query.end()
  const search = text === undefined ? undefined : searchedWordsOf(text)
  if (text !== undefined && search === undefined) return { filter: undefined, after, limit }
  return { filter: { search, chrtIds, nmId, active }, after, limit }
}
