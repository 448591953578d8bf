import { AppError } from '../errors.ts'
import { typeFor } from '../platform/accept.ts'
import { BytesResponse } from '../platform/bytes-response.ts'
import { codingFor, compressedBytesMin, compressedResponse } from '../platform/compression.ts'
import type { Call, Route } from '../platform/http.ts'
import { bytesOf, type LiveOrderOptions, streamOrder } from './live-order.ts'
import { operations } from './operations.ts'

/** Where the parcels of an order are, for anybody who has its link. */
export function trackRoutes(options: LiveOrderOptions): Route[] {
  return [
    {
      ...{ method: 'GET', path: '/api/track/orders/:token', scope: 'public', representsItself: true },
      operation: operations.track,
      handle: call => track(call, options),
    },
  ]
}

const fields = { 'content-type': 'application/json', 'cache-control': 'no-store', vary: 'accept, accept-encoding' }

async function track({ request, params }: Call, options: LiveOrderOptions): Promise<Response> {
  const isLive = typeFor(request, ['application/json', 'text/event-stream']) === 'text/event-stream'
  const { token = '' } = params
  const opened = await options.orders.open(token)
  if (opened === undefined) throw noSuchPage()
  if (isLive) return streamOrder(token, opened, options)
  const bytes = bytesOf(opened)
  const coding = bytes.byteLength < compressedBytesMin ? undefined : codingFor(request, bytes.byteLength)
  return coding === undefined
    ? new BytesResponse(bytes, fields)
    : compressedResponse(bytes, coding, new Headers(fields))
}

/** The same for a link that nobody has made, one that was revoked, and one whose time is over. */
export function noSuchPage(): AppError {
  return new AppError('TRACKING_PAGE_NOT_FOUND', 'the link is unknown, or has expired')
}
