import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { AppError } from '../errors.ts'
import { chrtIdOf } from '../inventory/item-document.ts'
import { searchedWordsOf } from '../inventory/item-words.ts'
import { isCurrencyAt } from '../platform/currencies.ts'
import type { HttpRequest } from '../platform/http.ts'
import { readJsonBody } from '../platform/json.ts'
import { cursorParameter, limitParameter, QueryReader } from '../platform/query.ts'

/** What the demo shop is asked. */

const pageMax = 100
const textMax = 100
const sizeBytesMax = 1024

export const shopItemParameters = {
  limit: limitParameter('Items on a page', { preset: pageMax, max: pageMax }),
  cursor: cursorParameter,
  q: {
    description: 'Words, each the beginning of one of the name, brand, size, chrt_id or nm_id',
    schema: { type: 'string', maxLength: textMax },
  },
}

export const guestCartBody = Type.Object(
  { currency: Type.String({ pattern: '^[A-Z]{3}$', description: 'ISO 4217; it stays as it is' }) },
  { title: 'NewGuestCart', additionalProperties: false },
)

const contracts = {
  cart: Compile(guestCartBody),
  nothing: Compile(Type.Object({}, { additionalProperties: false })),
}

export type ShopItemsQuery = Readonly<{
  /** Text queries of PostgreSQL, one for each word; undefined: everything. */
  search: readonly string[] | undefined
  /** Whether the text that is searched for has no word, so that nothing matches. */
  findsNothing: boolean
  after: number | undefined
  limit: number
}>

/** @throws AppError REQUEST_INVALID with every parameter that is wrong */
export function readShopItemsQuery(parameters: URLSearchParams): ShopItemsQuery {
  const query = new QueryReader(parameters, shopItemParameters)
  const limit = query.limit({ preset: pageMax, max: pageMax })
  const after = query.cursor(chrtIdOf)
  const text = query.text('q')
  if (text !== undefined && text.length > textMax) query.refuse('q', `at most ${textMax} characters`)
  query.end()
  const search = text === undefined ? undefined : searchedWordsOf(text)
  return { search, findsNothing: text !== undefined && search === undefined, after, limit }
}

/** @returns the currency @throws AppError REQUEST_INVALID with every violation, and as `readJsonBody` does */
export async function readGuestCart(request: HttpRequest, nowMs: number): Promise<string> {
  const expected = 'must be a JSON object with currency'
  const { currency } = await readJsonBody(request, contracts.cart, { sizeBytesMax, expected })
  if (isCurrencyAt(currency, nowMs)) return currency
  const violations = [{ pointer: '/currency', detail: 'must be an ISO 4217 currency code that has a minor unit' }]
  throw new AppError('REQUEST_INVALID', 'the body is not valid', { violations })
}

/** A body without content. JSON is needed, so that no page of another site can send it. @throws as `readGuestCart` */
export async function readNothing(request: HttpRequest): Promise<void> {
  await readJsonBody(request, contracts.nothing, { sizeBytesMax, expected: 'must be an empty JSON object' })
}
