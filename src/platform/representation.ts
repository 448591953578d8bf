import { BytesResponse } from './bytes-response.ts'
import { codingFor, compressedResponse } from './compression.ts'
import type { HttpRequest, Route } from './http.ts'

/**
 * What of the answers of a route may be kept. Orders are recipients' data, and are changed at any time: only the client itself may keep
 * them, and asks whether they are still so. What is for admins alone holds keys, or bytes that anybody sent. The rest, such as health,
 * is true for the moment.
 */
function cacheControlOf({ scope }: Route): string {
  return scope === 'admin' || scope === 'public' ? 'no-store' : 'private, no-cache'
}

/**
 * Completes the answers of a route with what caches and clients go by: `Cache-Control` and, for JSON that is read, `Vary` and the
 * compression that the client asks for. Streams (NDJSON, server-sent events) go out as they are, since their lines must not wait in
 * a compressor.
 *
 * @param handle its answers keep a `Cache-Control` of their own; one whose route `representsItself` is left as it is
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
