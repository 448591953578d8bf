import { RegExpRouter } from 'hono/router/reg-exp-router'
import { getPath, tryDecodeURIComponent } from 'hono/utils/url'
import { AppError } from '../errors.ts'
import { pathBelow } from './base-path.ts'
import { BytesResponse } from './bytes-response.ts'
import { traceRequests } from './http-tracing.ts'
import type { Claim, Answer as KeptAnswer } from './idempotency/queries.ts'
import type { Logger } from './log.ts'
import { Counter, durationBuckets, Histogram, type Registry } from './metrics.ts'
import { problemResponse } from './problem.ts'
import { refusingQuery } from './query.ts'
import { representing } from './representation.ts'
import type { Tracer } from './tracing.ts'

/** A request: what handlers use of the standard's `Request`, which is one. */
export type HttpRequest = {
  readonly method: string
  readonly url: string
  readonly headers: Pick<Headers, 'get' | 'has' | 'set'>
  /** Aborted when the sender is gone. */
  readonly signal: AbortSignal
  /** To be read once; null where there is none. */
  readonly body: AsyncIterable<Uint8Array> | null
  /** The whole body, where it is there already. */
  readonly whole?: Uint8Array | undefined
}

/** A request on its way through its route. */
export type Call = {
  readonly request: HttpRequest
  /** The parts of the address that the route's template names, decoded. */
  readonly params: Readonly<Record<string, string>>
  /** When it came, by `performance.now()`: what is decided at once need not ask the clock again, which costs 0.2 µs. */
  readonly startedMs: number
}

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
  /** Hears of a repetition that is about to get the first answer again: another instance may have given it. */
  onReplayed?: (call: Call, answer: KeptAnswer) => void
  /** Its answers have all headers that caches go by (`Cache-Control`, `Vary`), and are compressed where it compresses them. */
  representsItself?: true
  /** The operation in OpenAPI 3.1; a route without one is not part of the API. */
  operation?: Record<string, unknown>
  /**
   * Answers; what it throws becomes a problem document.
   *
   * @param claim of the request's `Idempotency-Key`, if it has one: with it the answer can be kept in the transaction of the
   *   effect (`keepAnswer`)
   */
  handle(call: Call, claim?: Claim): Response | Promise<Response>
}

/**
 * Says whether a request may be served: nothing, or the refusal; at once where it can, since every request passes it.
 *
 * @param nowMs by `performance.now()`
 */
export type AccessCheck = (
  request: HttpRequest,
  scope: string,
  nowMs: number,
) => AppError | undefined | Promise<AppError | undefined>

/**
 * The routes as one function from request to response. What comes from no route is answered too: 404, or 405 where the
 * address exists under another method.
 *
 * Of Hono it is the router alone: its application makes objects of its own for each request, which costs a cached read a
 * tenth and gives handlers nothing that they use.
 */
export function buildHttp(options: {
  routes: readonly Route[]
  allows: AccessCheck
  /** What an idempotent route is served by. */
  idempotent: (route: Route) => Route['handle']
  registry: Registry
  /** The path under which a proxy serves the service without taking it off, such as `/shop`. */
  basePath?: string
  /** Undefined: nothing is traced. */
  tracer?: Tracer | undefined
  log: Logger
}): (request: HttpRequest) => Response | Promise<Response> {
  const { basePath = '' } = options
  const record = requestMetrics(options.registry)
  const tables = new Map<string, RouteTable>()
  for (const route of options.routes) {
    const table = tables.get(route.method) ?? new RouteTable()
    tables.set(route.method, table)
    const once = route.idempotent === true ? options.idempotent(route) : route.handle
    const handle = refusingQuery(route, representing(route, once))
    const answer = serve({ ...route, handle }, options, record(route.method, route.path))
    // What anybody may ask for is what probes and scrapes ask for all the time. Decided here, once: a request pays nothing.
    const tracer = route.scope === 'public' ? undefined : options.tracer
    table.add(route.path, tracer === undefined ? answer : traceRequests(tracer, route, answer))
  }
  const answerUnmatched = serveUnmatched(tables, record('other', 'none'), options.log)
  return request => {
    const isHead = request.method === 'HEAD'
    const path = basePath === '' ? getPath(request as Request) : pathBelow(basePath, getPath(request as Request))
    const found = tables.get(isHead ? 'GET' : request.method)?.find(path)
    if (found === undefined) return answerUnmatched(request, path)
    const answer = found.answer({ request, params: found.params, startedMs: performance.now() })
    if (!isHead) return answer
    return answer instanceof Promise ? answer.then(withoutBody) : withoutBody(answer)
  }
}

/** A route as it is served. It never rejects: what is thrown becomes a problem document. */
export type Answer = (call: Call) => Response | Promise<Response>

type Found = { answer: Answer; params: Call['params'] }

const noParams: Call['params'] = {}

/**
 * The routes of one method. Addresses without parameters stand by themselves: they are found at once, and the router takes no set
 * of routes in which a name and a parameter stand at one place (/orders/batch, /orders/:id/cancel).
 */
class RouteTable {
  readonly #fixed = new Map<string, Found>()
  readonly #templates = new RegExpRouter<Answer>()

  add(path: string, answer: Answer): void {
    if (path.includes(':')) this.#templates.add(anyMethod, path, answer)
    else this.#fixed.set(path, { answer, params: noParams })
  }

  find(path: string): Found | undefined {
    const fixed = this.#fixed.get(path)
    if (fixed !== undefined) return fixed
    const [found, matched] = this.#templates.match(anyMethod, path)
    const first = found[0]
    return first === undefined ? undefined : { answer: first[0], params: paramsOf(first[1], matched) }
  }
}

/** A table is of one method, so its router need not tell them apart. */
const anyMethod = 'ALL'

/** The router gives parameters as places in what its expression matched. */
function paramsOf(places: Record<string, string | number>, matched: readonly string[] | undefined): Call['params'] {
  const params: Record<string, string> = {}
  for (const name in places) params[name] = tryDecodeURIComponent(matched?.[Number(places[name])] ?? '')
  return params
}

/**
 * The answer to HEAD: as to GET, with the length that its body would have where that is known, and without it. A stream is let
 * go, so that whatever feeds it is free again.
 */
async function withoutBody(response: Response): Promise<Response> {
  const headers = new Headers(response.headers)
  if (response instanceof BytesResponse) headers.set('content-length', String(response.content.byteLength))
  else if (response.body !== null && isStream(headers)) await response.body.cancel()
  else if (response.body !== null) headers.set('content-length', String((await response.arrayBuffer()).byteLength))
  return new Response(null, { status: response.status, headers })
}

/** Answers without an end, or whose end is found by making all of them. */
function isStream(headers: Headers): boolean {
  return ['text/event-stream', 'application/x-ndjson'].includes(headers.get('content-type') ?? '')
}

function serveUnmatched(tables: ReadonlyMap<string, RouteTable>, record: RecordAnswer, log: Logger) {
  return (request: HttpRequest, path: string): Response => {
    const methods = [...tables].filter(([, table]) => table.find(path) !== undefined).map(([method]) => method)
    record(performance.now(), methods.length > 0 ? 405 : 404)
    if (methods.length === 0) {
      return problemResponse(new AppError('ROUTE_NOT_FOUND', 'the API is described at /api/docs'), log)
    }
    const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])].join(', ')
    const refusal = new AppError('METHOD_NOT_ALLOWED', `${request.method} is not one of ${allow}`)
    return problemResponse(refusal, log, { allow })
  }
}

type RecordAnswer = (startedMs: number, status: number) => void

/** Stays synchronous where the handler is: a promise for each request costs the read path a tenth. */
function serve(route: Route, options: { allows: AccessCheck; log: Logger }, record: RecordAnswer): Answer {
  return call => {
    const { startedMs } = call
    const answered = (response: Response) => {
      record(startedMs, response.status)
      return response
    }
    const failed = (error: unknown) => answered(problemResponse(error, options.log))
    // What was true when it came need not be true by now.
    const handleLater = (refusal: AppError | undefined) =>
      refusal === undefined ? route.handle({ ...call, startedMs: performance.now() }) : Promise.reject(refusal)
    try {
      const refusal = options.allows(call.request, route.scope, startedMs)
      if (refusal instanceof Promise) return refusal.then(handleLater).then(answered, failed)
      if (refusal !== undefined) return failed(refusal)
      const response = route.handle(call)
      return response instanceof Promise ? response.then(answered, failed) : answered(response)
    } catch (error) {
      return failed(error)
    }
  }
}

type Count = { labels: Record<'method' | 'route' | 'status', string>; answers: number }

function requestMetrics(registry: Registry): (method: string, route: string) => RecordAnswer {
  // Counted as plain numbers and given to the library at a scrape: it makes a text of the labels for each step of a counter.
  const counts: Count[] = []
  new Counter({
    name: 'http_requests_total',
    help: 'Requests answered, by route template',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { labels, answers } of counts) this.inc(labels, answers)
    },
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
    const byStatus = new Map<number, Count>()
    return (startedMs, status) => {
      let count = byStatus.get(status)
      if (count === undefined) {
        count = { labels: { method, route, status: String(status) }, answers: 0 }
        byStatus.set(status, count)
        counts.push(count)
      }
      count.answers += 1
      duration.observe((performance.now() - startedMs) / 1000)
    }
  }
}

/**
 * Refuses a body whose sender says that it is something else, or that it is compressed. A form in a foreign page can send texts and
 * forms without being asked, but no JSON.
 *
 * @param types what is accepted, such as `application/json`
 * @throws AppError MEDIA_TYPE_UNSUPPORTED or CONTENT_CODING_UNSUPPORTED
 */
export function requireMediaType(request: HttpRequest, types: readonly string[]): void {
  const coding = request.headers.get('content-encoding')
  if (coding !== null && !/^(identity)?$/i.test(coding.trim())) {
    throw new AppError('CONTENT_CODING_UNSUPPORTED', `send the body as it is, not as ${coding}`)
  }
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type === undefined || types.includes(type)) return
  throw new AppError('MEDIA_TYPE_UNSUPPORTED', `send it as ${types.join(' or ')}, not as ${type}`)
}
