import type { Respond } from './http.ts'
import { traceOf, traceparentHeader } from './traceparent.ts'
import type { Tracer } from './tracing.ts'

/**
 * Wraps each request of a route in a span, from its arrival to the head of its response. The request then carries that span as its
 * `traceparent`, in place of the caller's, so that all it causes becomes a child of it. Only the path of the URL is recorded: a query
 * may hold a recipient's name. Of a path that has a token, which opens something for anybody, only the template is.
 *
 * @param answer never rejects
 */
export function traceRequests(tracer: Tracer, route: { method: string; path: string }, answer: Respond): Respond {
  const name = `${route.method} ${route.path}`
  const isRead = route.method === 'GET'
  const hasToken = route.path.includes(':token')
  return call => {
    const { request } = call
    const { method } = request
    // HEAD is served by the routes of GET.
    const spanName = method === route.method ? name : `${method} ${route.path}`
    const span = tracer.begin(spanName, { kind: 'server', parent: traceOf(request) })
    // Reads cause nothing further, and are the bulk of requests.
    if (!isRead) request.headers.set(traceparentHeader, span.traceparent)
    const end = (response: Response) => {
      // A request that is not sampled, which may be 99 of 100, is not described either.
      if (!span.isSampled) return response
      span.set({
        'http.request.method': method,
        'http.route': route.path,
        'http.response.status_code': response.status,
        'url.path': hasToken ? route.path : new URL(request.url).pathname,
        'url.scheme': 'http',
      })
      if (response.status >= 500) span.fail(String(response.status))
      span.end()
      return response
    }
    const response = answer(call)
    return response instanceof Promise ? response.then(end) : end(response)
  }
}
