import { BytesResponse } from './bytes-response.ts'
import { codingFor, compressedResponse } from './compression.ts'
import type { HttpRequest, Route } from './http.ts'

/**
 * Returns the `Cache-Control` of a route. Orders are recipients' data and change at any time: only the client itself may store them, and
 * must revalidate. Routes for admins return keys, or bytes that strangers sent. The rest, such as health, holds for the moment.
 */
function cacheControlOf({ scope }: Route): string {
  return scope === 'admin' || scope === 'public' ? 'no-store' : 'private, no-cache'
}

/**
 * Completes the responses of a route: with `Cache-Control` and, for JSON that is read, `Vary` and the compression that the client
 * accepts. Streams (NDJSON, server-sent events) are not compressed, since their lines must not wait in a compressor.
 *
 * @param handle its responses keep a `Cache-Control` of their own; a route that `representsItself` is left as it is
 */
export function representing(route: Route, handle: Route['handle']): Route['handle'] {
  if (route.representsItself === true) return handle
  const cacheControl = cacheControlOf(route)
  const isRead = route.method === 'GET'
  return (call, claim) => {
    const complete = (response: Response) => {
      const { headers } = response
      if (!headers.has('cache-control')) headers.set('cache-control', cacheControl)
      if (!isRead || headers.get('content-type')?.startsWith('application/json') !== true) return response
      headers.append('vary', 'accept-encoding')
      return call.request.headers.has('accept-encoding') && response.status === 200
        ? compressWhole(call.request, response)
        : response
    }
    const answer = handle(call, claim)
    return answer instanceof Promise ? answer.then(complete) : complete(answer)
  }
}

async function compressWhole(request: HttpRequest, response: Response): Promise<Response> {
  const { headers } = response
  const body =
    response instanceof BytesResponse
      ? (response.content as Uint8Array<ArrayBuffer>)
      : new Uint8Array(await response.arrayBuffer())
  const coding = codingFor(request, body.byteLength)
  return coding === undefined ? new BytesResponse(body, headers) : compressedResponse(body, coding, headers)
}
