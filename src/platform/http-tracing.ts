import type { Context } from 'hono'
import { traceOf, traceparentHeader } from './traceparent.ts'
import type { Tracer } from './tracing.ts'

type Answer = (context: Context) => Response | Promise<Response>

/**
 * Has each request of a route answered within a span, from its arrival to the head of its answer. The request then carries that
 * span as its `traceparent`, in the place of the caller's, so that whatever it leads to is found below it. Of the address only
 * the path is told: a query may hold a recipient's name.
 *
 * @param answer never rejects
 */
export function traceRequests(tracer: Tracer, route: { method: string; path: string }, answer: Answer): Answer {
  return context => {
    const { raw } = context.req
    const span = tracer.begin(`${raw.method} ${route.path}`, {
      kind: 'server',
      parent: traceOf(raw),
      attributes: {
        'http.request.method': raw.method,
        'http.route': route.path,
        'url.path': context.req.path,
        'url.scheme': 'http',
      },
    })
    raw.headers.set(traceparentHeader, span.traceparent)
    const end = (response: Response) => {
      span.set({ 'http.response.status_code': response.status })
      if (response.status >= 500) span.fail(String(response.status))
      span.end()
      return response
    }
    const response = answer(context)
    return response instanceof Promise ? response.then(end) : end(response)
  }
}
