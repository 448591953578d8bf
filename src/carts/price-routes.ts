import { AppError, type ErrorCode } from '../errors.ts'
import { isCountry } from '../platform/countries.ts'
import { isCurrencyAt } from '../platform/currencies.ts'
import type { AccessCheck, Call, Route } from '../platform/http.ts'
import { linkToNext } from '../platform/links.ts'
import type { Pool } from '../platform/postgres.ts'
import { QueryReader } from '../platform/query.ts'
import { amountIn, codeKey } from './discount.ts'
import { deactivateDiscount, findDiscounts, listDiscounts, putDiscount } from './discount-queries.ts'
import { idExpected, idForm } from './price-documents.ts'
import {
  deactivateMethod,
  deleteRate,
  methodsMax,
  type Put,
  putMethod,
  putRate,
  ratesMax,
} from './price-list-queries.ts'
import type { PriceLists } from './price-lists.ts'
import {
  discountOperations,
  discountParameters,
  methodOperations,
  methodParameters,
  rateOperations,
  rateParameters,
} from './price-operations.ts'
import { presentDiscount, presentMethod, presentRate } from './price-presentation.ts'
import { readDiscount, readMethod, readRate } from './price-requests.ts'

export type PriceRoutesOptions = {
  pool: Pool
  lists: PriceLists
  now: () => number
  /** Asked once routes are called: another module brings it. */
  allows: AccessCheck
}

const scope = 'carts:write'

/** Discount codes, delivery methods and tax rates over HTTP. */
export function priceRoutes(options: PriceRoutesOptions): Route[] {
  return [...discountRoutes(options), ...methodRoutes(options), ...rateRoutes(options)]
}

function discountRoutes({ pool, now }: PriceRoutesOptions): Route[] {
  const [path, one, of] = ['/api/discounts', '/api/discounts/:code', discountOperations]
  const keyOf = ({ params }: Call) => codeKey(params.code ?? '')
  return [
    { method: 'GET', path, scope, operation: of.list, handle: call => listOfDiscounts(call, pool) },
    {
      ...{ method: 'GET', path: one, scope, operation: of.read },
      async handle(call) {
        const found = (await findDiscounts(pool, keysOf(keyOf(call)))).get(keyOf(call))
        if (found === undefined) throw missing('DISCOUNT_NOT_FOUND', 'discount code', call.params.code)
        return Response.json(presentDiscount(found))
      },
    },
    {
      ...{ method: 'PUT', path: one, scope, operation: of.put },
      async handle(call) {
        const put = await putDiscount(pool, await readDiscount(call, now()), now())
        if (put.kind === 'overused')
          throw refused('/limit', `must be at least ${put.uses}, the orders that use the code`)
        return answerPut(call, put.kind, presentDiscount(put.discount))
      },
    },
    {
      ...{ method: 'DELETE', path: one, scope, operation: of.remove },
      async handle(call) {
        const isThere = idForm.test(keyOf(call)) && (await deactivateDiscount(pool, keyOf(call), now()))
        if (!isThere) throw missing('DISCOUNT_NOT_FOUND', 'discount code', call.params.code)
        return new Response(null, { status: 204 })
      },
    },
  ]
}

/** What is no id may not be a text that PostgreSQL knows. */
const keysOf = (key: string) => (idForm.test(key) ? [key] : [])

async function listOfDiscounts({ request: { url } }: Call, pool: Pool): Promise<Response> {
  const query = new QueryReader(new URL(url).searchParams, discountParameters)
  const [limit, after, active] = [query.limit(), cursorOf(query), query.flag('active')]
  query.end()
  const { discounts, next } = await listDiscounts(pool, { after, active, limit })
  return Response.json(
    discounts.map(presentDiscount),
    next === undefined ? {} : { headers: { link: linkToNext(url, next) } },
  )
}

function methodRoutes(options: PriceRoutesOptions): Route[] {
  const { pool, lists, now } = options
  const [path, one, of] = ['/api/delivery-methods', '/api/delivery-methods/:method', methodOperations]
  const find = async ({ params: { method = '' } }: Call) => {
    const found = (await lists.current()).methods.get(method)
    if (found === undefined) throw missing('DELIVERY_METHOD_NOT_FOUND', 'delivery method', method)
    return found
  }
  return [
    { method: 'GET', path, scope: 'public', operation: of.list, handle: call => listOfMethods(call, options) },
    {
      ...{ method: 'GET', path: one, scope, operation: of.read },
      handle: async call => Response.json(presentMethod(await find(call))),
    },
    {
      ...{ method: 'PUT', path: one, scope, operation: of.put },
      async handle(call) {
        const nowMs = now()
        const method = await readMethod(call, nowMs)
        const put = await putMethod(pool, method, nowMs)
        lists.noteChange()
        if (put === 'full') throw new AppError('PRICES_TOO_MANY', `there may be ${methodsMax} delivery methods`)
        return answerPut(call, put, presentMethod({ ...method, updatedAtMs: nowMs }))
      },
    },
    {
      ...{ method: 'DELETE', path: one, scope, operation: of.remove },
      async handle(call) {
        const { method } = await find(call)
        await deactivateMethod(pool, method, now())
        lists.noteChange()
        return new Response(null, { status: 204 })
      },
    },
  ]
}

async function listOfMethods({ request }: Call, { lists, now, allows }: PriceRoutesOptions): Promise<Response> {
  const query = new QueryReader(new URL(request.url).searchParams, methodParameters)
  const [limit, after, all] = [query.limit(), cursorOf(query), query.flag('all')]
  const [country, currency] = [countryOf(query), query.text('currency')]
  if (currency !== undefined && !isCurrencyAt(currency, now())) query.refuse('currency', 'an ISO 4217 code')
  query.end()
  if (all === true) {
    const refusal = await allows(request, scope, performance.now())
    if (refusal !== undefined) throw refusal
  }
  const found = [...(await lists.current()).methods.values()].filter(
    ({ method, active, countries, prices }) =>
      (after === undefined || method > after) &&
      (active || all === true) &&
      (country === undefined || countries.length === 0 || countries.includes(country)) &&
      (currency === undefined || amountIn(prices, currency) !== undefined),
  )
  return pageOf(request.url, found, limit, ({ method }) => method, presentMethod)
}

function rateRoutes({ pool, lists, now }: PriceRoutesOptions): Route[] {
  const [path, one, of] = ['/api/tax-rates', '/api/tax-rates/:id', rateOperations]
  return [
    { method: 'GET', path, scope, operation: of.list, handle: call => listOfRates(call, lists) },
    {
      ...{ method: 'GET', path: one, scope, operation: of.read },
      async handle({ params: { id = '' } }) {
        const found = (await lists.current()).rates.get(id)
        if (found === undefined) throw missing('TAX_RATE_NOT_FOUND', 'tax rate', id)
        return Response.json(presentRate(found))
      },
    },
    {
      ...{ method: 'PUT', path: one, scope, operation: of.put },
      async handle(call) {
        const [rate, rateId, nowMs] = [await readRate(call), call.params.id ?? '', now()]
        const put = await putRate(pool, rateId, rate, nowMs)
        lists.noteChange()
        refusePut(put)
        return answerPut(call, put, presentRate({ ...rate, rateId, updatedAtMs: nowMs }))
      },
    },
    {
      ...{ method: 'DELETE', path: one, scope, operation: of.remove },
      async handle({ params: { id = '' } }) {
        const isThere = idForm.test(id) && (await deleteRate(pool, id))
        lists.noteChange()
        if (!isThere) throw missing('TAX_RATE_NOT_FOUND', 'tax rate', id)
        return new Response(null, { status: 204 })
      },
    },
  ]
}

function refusePut(put: Put): void {
  if (put === 'full') throw new AppError('PRICES_TOO_MANY', `there may be ${ratesMax} tax rates`)
  if (put === 'taken') {
    throw new AppError('TAX_RATE_CONFLICT', 'another rate is for the same country, region and tax class')
  }
}

async function listOfRates({ request: { url } }: Call, lists: PriceLists): Promise<Response> {
  const query = new QueryReader(new URL(url).searchParams, rateParameters)
  const [limit, after, country] = [query.limit(), cursorOf(query), countryOf(query)]
  query.end()
  const found = [...(await lists.current()).rates.values()].filter(
    rate => (after === undefined || rate.rateId > after) && (country === undefined || rate.country === country),
  )
  return pageOf(url, found, limit, ({ rateId }) => rateId, presentRate)
}

/** @param found those of the page and at least one more, if there are more */
function pageOf<Entry>(
  url: string,
  found: readonly Entry[],
  limit: number,
  idOf: (entry: Entry) => string,
  present: (entry: Entry) => unknown,
): Response {
  const entries = found.slice(0, limit)
  const last = found.length > limit ? entries.at(-1) : undefined
  return Response.json(
    entries.map(present),
    last === undefined ? {} : { headers: { link: linkToNext(url, idOf(last)) } },
  )
}

function cursorOf(query: QueryReader): string | undefined {
  const cursor = query.text('cursor')
  if (cursor !== undefined && !idForm.test(cursor)) query.refuse('cursor', 'taken from a Link header')
  return cursor
}

function countryOf(query: QueryReader): string | undefined {
  const country = query.text('country')
  if (country !== undefined && !isCountry(country)) query.refuse('country', 'an ISO 3166-1 alpha-2 code, such as DE')
  return country
}

function answerPut({ request: { url } }: Call, put: string, shown: object): Response {
  if (put !== 'created') return Response.json(shown)
  return Response.json(shown, { status: 201, headers: { location: new URL(url).pathname.split('/').at(-1) ?? '' } })
}

function missing(code: ErrorCode, what: string, id = ''): AppError {
  return new AppError(code, idForm.test(id) ? `there is no ${what} ${id}` : `the id of a ${what} is ${idExpected}`)
}

function refused(pointer: string, detail: string): AppError {
  return new AppError('REQUEST_INVALID', 'the body is not valid', { violations: [{ pointer, detail }] })
}
