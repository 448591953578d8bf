import type { CartsApi } from '../carts/api.ts'
import { AppError } from '../errors.ts'
import { chrtIdOf } from '../inventory/item-document.ts'
import { itemNotFound } from '../inventory/routes-items.ts'
import type { Call, Route } from '../platform/http.ts'
import { linkToNext } from '../platform/links.ts'
import { traceOf } from '../platform/traceparent.ts'
import { createAllowance } from '../platform/allowance.ts'
import { createFill, type FillOptions } from './fill.ts'
import type { ShopItems } from './items.ts'
import { shopOperations as operations } from './operations.ts'
import { readGuestCart, readNothing, readShopItemsQuery } from './requests.ts'

export type ShopOptions = FillOptions &
  Readonly<{
    items: ShopItems
    createCart: CartsApi['createCart']
    /** Milliseconds of a clock that never goes back. */
    steady: () => number
  }>

/** Carts of guests that an instance creates: at once, and a second. Empty ones expire after two days. */
const cartsAllowed = { burst: 100, perSecond: 5 }

/** What the page of the demo shop calls without a key. Carts are opened by their tokens from there on. */
export function shopRoutes(options: ShopOptions): Route[] {
  const get = { method: 'GET', scope: 'public' } as const
  const post = { method: 'POST', scope: 'public' } as const
  const fillCatalogue = createFill(options)
  const mayCreate = createAllowance({ ...cartsAllowed, now: options.steady })
  return [
    { ...get, path: '/api/shop/items', operation: operations.list, handle: call => list(call, options) },
    { ...get, path: '/api/shop/items/:chrt_id', operation: operations.read, handle: call => show(call, options) },
    {
      ...{ ...post, path: '/api/shop/carts', operation: operations.createCart },
      handle: call => create(call, options, mayCreate),
    },
    {
      ...{ ...post, path: '/api/shop/demo-catalogue', operation: operations.fill },
      async handle({ request }) {
        await readNothing(request)
        return Response.json({ added: await fillCatalogue() })
      },
    },
  ]
}

async function list({ request: { url } }: Call, { items }: ShopOptions): Promise<Response> {
  const { search, findsNothing, after, limit } = readShopItemsQuery(new URL(url).searchParams)
  if (findsNothing) return Response.json([])
  const { items: page, next } = await items.list(search, after, limit)
  const headers = next === undefined ? {} : { link: linkToNext(url, String(next)) }
  return Response.json(page, { headers })
}

async function show({ params: { chrt_id: text = '' } }: Call, { items }: ShopOptions): Promise<Response> {
  const chrtId = chrtIdOf(text)
  const item = chrtId === undefined ? undefined : await items.read(chrtId)
  if (item === undefined) throw itemNotFound(text)
  return Response.json(item)
}

async function create({ request }: Call, options: ShopOptions, mayCreate: () => boolean): Promise<Response> {
  const currency = await readGuestCart(request, options.now())
  if (!mayCreate()) throw new AppError('OVERLOADED', 'too many carts are being created')
  return options.createCart({ currency, customerId: undefined }, traceOf(request))
}
