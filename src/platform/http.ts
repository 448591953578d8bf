import { type Context, Hono } from 'hono'
import { AppError } from '../errors.ts'
import { traceRequests } from './http-tracing.ts'
import type { Claim } from './idempotency/queries.ts'
import type { Logger } from './log.ts'
import { Counter, durationBuckets, Histogram, type Registry } from './metrics.ts'
import { problemResponse } from './problem.ts'
import type { Tracer } from './tracing.ts'

export type { Context }

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** An address of the API: what it does, who may call it, and what the documentation says of it. */
export type Route = {
  method: Method
  /** A template such as `/api/orders/:id`; it also labels the metrics. */
  path: string
  /** The scope a caller's key must have, or `public` for none. */
  scope: string
  /** Heeds `Idempotency-Key`: for every POST that makes something or moves money. Its answers must be whole, not streams. */
  idempotent?: true
  /** The operation in OpenAPI 3.1; a route without one is not part of the API. */
  operation?: Record<string, unknown>
  /**
   * Answers; what it throws becomes a problem document.
   *
   * @param claim of the request's `Idempotency-Key`, if it has one: with it the answer can be kept in the transaction of the
   *   effect (`keepAnswer`)
   */
  handle(context: Context, claim?: Claim): Response | Promise<Response>
}

/** Says whether a request may be served: nothing, or the refusal. Synchronous, since every request passes it. */
export type AccessCheck = (request: Request, scope: string) => AppError | undefined

/**
 * The routes as one function from request to response. What comes from no route is answered too: 404, or 405 where the
 * address exists under another method.
 */
export function buildHttp(options: {
  routes: readonly Route[]
  allows: AccessCheck
  /** What an idempotent route is served by. */
  idempotent: (route: Route) => Route['handle']
  registry: Registry
  /** Undefined: nothing is traced. */
  tracer?: Tracer | undefined
  log: Logger
}): (request: Request) => Response | Promise<Response> {
  const record = requestMetrics(options.registry)
  // An app for each method: the fast router takes no set of routes in which a name and a parameter stand at one place, as
  // those of POST do (/orders/batch, /orders/:id/cancel); the reads must not pay for that.
  const apps = new Map<string, Hono>()
  const elsewhere = new Hono()
  const methodsOf = new Map<string, string[]>()
  for (const route of options.routes) {
    const app = apps.get(route.method) ?? new Hono()
    apps.set(route.method, app)
    const handle = route.idempotent === true ? options.idempotent(route) : route.handle
    const answer = serve({ ...route, handle }, options, record(route.method, route.path))
    // What anybody may ask for is what probes and scrapes ask for all the time. Decided here, once: a request pays nothing.
    const tracer = route.scope === 'public' ? undefined : options.tracer
    app.on(route.method, route.path, tracer === undefined ? answer : traceRequests(tracer, route, answer))
    methodsOf.set(route.path, [...(methodsOf.get(route.path) ?? []), route.method])
  }
  const unmatched = record('other', 'none')
  for (const [path, methods] of methodsOf) {
    const allow = methods.includes('GET') ? [...methods, 'HEAD'].join(', ') : methods.join(', ')
    elsewhere.all(path, context => {
      unmatched(performance.now(), 405)
      const refusal = new AppError('METHOD_NOT_ALLOWED', `${context.req.method} is not one of ${allow}`)
      return problemResponse(refusal, options.log, { allow })
    })
  }
  elsewhere.notFound(() => {
    unmatched(performance.now(), 404)
    return problemResponse(new AppError('ROUTE_NOT_FOUND', 'the API is described at /api/docs'), options.log)
  })
  for (const app of [...apps.values(), elsewhere]) {
    if (app !== elsewhere) app.notFound(context => elsewhere.fetch(context.req.raw))
    app.onError(error => problemResponse(error, options.log))
  }
  const reads = apps.get('GET') ?? elsewhere
  return request => {
    const { method } = request
    const app = method === 'GET' || method === 'HEAD' ? reads : (apps.get(method) ?? elsewhere)
    return app.fetch(request)
  }
}

type RecordAnswer = (startedMs: number, status: number) => void

/** Stays synchronous where the handler is: a promise for each request costs the read path a tenth. */
function serve(route: Route, options: { allows: AccessCheck; log: Logger }, record: RecordAnswer) {
  return (context: Context): Response | Promise<Response> => {
    const startedMs = performance.now()
    const answered = (response: Response) => {
      record(startedMs, response.status)
      return response
    }
    const failed = (error: unknown) => answered(problemResponse(error, options.log))
    try {
      const refusal = options.allows(context.req.raw, route.scope)
      if (refusal !== undefined) return failed(refusal)
      const response = route.handle(context)
      return response instanceof Promise ? response.then(answered, failed) : answered(response)
    } catch (error) {
      return failed(error)
    }
  }
}

function requestMetrics(registry: Registry): (method: string, route: string) => RecordAnswer {
  const requests = new Counter({
    name: 'http_requests_total',
    help: 'Requests answered, by route template',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  })
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from a request to the head of its answer',
    labelNames: ['method', 'route'],
    buckets: durationBuckets,
    registers: [registry],
  })
  return (method, route) => {
    const duration = durations.labels({ method, route })
    const byStatus = new Map<number, { inc(): void }>()
    return (startedMs, status) => {
      let counter = byStatus.get(status)
      if (counter === undefined) {
        counter = requests.labels({ method, route, status: String(status) })
        byStatus.set(status, counter)
      }
      counter.inc()
      duration.observe((performance.now() - startedMs) / 1000)
    }
  }
}

/**
 * The body of a request, bounded.
 *
 * @throws AppError BODY_TOO_LARGE; REQUEST_INVALID when the sender breaks off
 */
export async function readBody(request: Request, sizeBytesMax: number): Promise<Uint8Array> {
  const tooLarge = () => new AppError('BODY_TOO_LARGE', `a body has at most ${sizeBytesMax} bytes`)
  const length = request.headers.get('content-length')
  if (length !== null && Number(length) > sizeBytesMax) throw tooLarge()
  try {
    if (length !== null) return new Uint8Array(await request.arrayBuffer())
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of request.body ?? []) {
      size += chunk.byteLength
      if (size > sizeBytesMax) throw tooLarge()
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError('REQUEST_INVALID', 'the body could not be read to its end', { cause: error })
  }
}

/**
 * Refuses a body whose sender says that it is something else. A form in a foreign page can send texts and forms without
 * being asked, but no JSON.
 *
 * @param types what is accepted, such as `application/json`
 */
export function requireMediaType(request: Request, types: readonly string[]): void {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type === undefined || types.includes(type)) return
  throw new AppError('MEDIA_TYPE_UNSUPPORTED', `send it as ${types.join(' or ')}, not as ${type}`)
}
