import { AppError } from '../errors.ts'
import { typeFor } from '../platform/accept.ts'
import { BytesResponse } from '../platform/bytes-response.ts'
import { codingFor, compressedBytesMin, compressedResponse } from '../platform/compression.ts'
import type { Call, Route } from '../platform/http.ts'
import { answer, problemAnswer } from '../platform/openapi.ts'
import { type LiveOptions, streamParcel } from './live-parcel.ts'
import type { ShownParcel } from './public-parcels.ts'
import { trackedParcel } from './views.ts'

/** Where a parcel is, for anybody who has its number. */
export function trackRoutes(options: LiveOptions): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/track/:number',
      scope: 'public',
      representsItself: true,
      operation,
      handle: call => track(call, options),
    },
  ]
}

function track(call: Call, options: LiveOptions): Response | Promise<Response> {
  const { request, params, startedMs } = call
  const isLive = typeFor(request, ['application/json', 'text/event-stream']) === 'text/event-stream'
  const { number = '' } = params
  const found = options.parcels.read(number, startedMs)
  const respond = (shown: ShownParcel | undefined) => {
    // The same for a number that nobody knows and for one that is not to be shown.
    if (shown === undefined) throw new AppError('PARCEL_NOT_FOUND', 'nothing is known of this tracking number')
    return isLive ? streamParcel(number, shown, options) : respondWith(call, shown)
  }
  return found instanceof Promise ? found.then(respond) : respond(found)
}

const fields = { 'content-type': 'application/json', 'cache-control': 'no-store', vary: 'accept, accept-encoding' }

function respondWith({ request }: Call, { bytes }: ShownParcel): Response | Promise<Response> {
  if (bytes.byteLength < compressedBytesMin) return new BytesResponse(bytes, fields)
  const coding = codingFor(request, bytes.byteLength)
  return coding === undefined
    ? new BytesResponse(bytes, fields)
    : compressedResponse(bytes, coding, new Headers(fields))
}

const operation = {
  operationId: 'trackParcel',
  summary: 'Show where a parcel is',
  description:
    'Needs no key, and shows no recipient. Live with Accept: text/event-stream: the parcel as it is, and again whenever it has changed. ' +
    'A number that nobody knows and one that no shipment has are answered alike.',
  tags: ['tracking'],
  responses: {
    200: {
      ...answer('The parcel, or a stream of it', trackedParcel),
      content: {
        'application/json': { schema: trackedParcel },
        'text/event-stream': { schema: { type: 'string', description: 'event: parcel, data: the parcel as JSON' } },
      },
    },
    404: problemAnswer('Nothing is known of this number'),
    406: problemAnswer('Accept allows neither JSON nor a stream'),
    429: problemAnswer('Too many numbers are asked for; Retry-After says when to try again'),
    503: problemAnswer('The database is unavailable, or too many streams are open'),
  },
}
