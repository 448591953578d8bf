import { RegExpRouter } from 'hono/router/reg-exp-router'
import { getPath, tryDecodeURIComponent } from 'hono/utils/url'
import { AppError } from '../errors.ts'
import { pathBelow } from './base-path.ts'
import { BytesResponse } from './bytes-response.ts'
import { type AccessCheck, bearerToken, type Call, type HttpRequest, type Respond, type Route } from './http.ts'
import { createRequestMetrics, type RecordResponse } from './http-metrics.ts'
import { traceRequests } from './http-tracing.ts'
import type { Logger } from './log.ts'
import type { Registry } from './metrics.ts'
import { problemResponse } from './problem.ts'
import { refusingQuery } from './query.ts'
import { representing } from './representation.ts'
import type { Tracer } from './tracing.ts'

/**
 * Builds one function from request to response of the routes. A request that matches none gets 404, or 405 where the path exists
 * under another method.
 *
 * Only Hono's router is used: its application allocates objects for each request, which costs a cached read a tenth and gives
 * handlers nothing that they use.
 */
export function buildHttp(options: {
  routes: readonly Route[]
  allows: AccessCheck
  /** Wraps the handler of an idempotent route. */
  idempotent: (route: Route) => Route['handle']
  registry: Registry
  /** The path under which a proxy serves the service without removing it, such as `/shop`. */
  basePath?: string
  /** Undefined: nothing is traced. */
  tracer?: Tracer | undefined
  log: Logger
}): (request: HttpRequest) => Response | Promise<Response> {
  const { basePath = '' } = options
  const record = createRequestMetrics(options.registry)
  const tables = new Map<string, RouteTable>()
  for (const route of options.routes) {
    const table = tables.get(route.method) ?? new RouteTable()
    tables.set(route.method, table)
    const once = route.idempotent === true ? options.idempotent(route) : route.handle
    const handle = refusingQuery(route, representing(route, once))
    const answer = serve({ ...route, handle }, options, record(route.method, route.path))
    // Public routes are those that probes and scrapers call all the time. Decided here, once: a request pays nothing.
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

type Found = { answer: Respond; params: Call['params'] }

const noParams: Call['params'] = {}

/**
 * The routes of one method. Paths without parameters are kept apart: they are found at once. The router refuses a set of routes that has
 * a name and a parameter at one position (/payments/webhooks/:provider, /payments/:id/capture), so those with the name have one of their
 * own, which goes first.
 */
class RouteTable {
  readonly #fixed = new Map<string, Found>()
  readonly #templates: { path: string; answer: Respond }[] = []
  #routers: readonly RegExpRouter<Respond>[] | undefined

  add(path: string, answer: Respond): void {
    if (!path.includes(':')) this.#fixed.set(path, { answer, params: noParams })
    else this.#templates.push({ path, answer })
    this.#routers = undefined
  }

  find(path: string): Found | undefined {
    const fixed = this.#fixed.get(path)
    if (fixed !== undefined) return fixed
    this.#routers ??= this.#build()
    for (const router of this.#routers) {
      const [found, matched] = router.match(anyMethod, path)
      const first = found[0]
      if (first !== undefined) return { answer: first[0], params: paramsOf(first[1], matched) }
    }
    return undefined
  }

  #build(): RegExpRouter<Respond>[] {
    const [named, others] = [new RegExpRouter<Respond>(), new RegExpRouter<Respond>()]
    let isNamed = false
    for (const { path, answer } of this.#templates) {
      const goesFirst = this.#templates.some(other => hasNameForParameter(path, other.path))
      isNamed ||= goesFirst
      const router = goesFirst ? named : others
      router.add(anyMethod, path, answer)
    }
    return isNamed ? [named, others] : [others]
  }
}

/** Whether two templates differ first where one has a name and the other a parameter. */
function hasNameForParameter(path: string, other: string): boolean {
  const others = other.split('/')
  const differing = path.split('/').findIndex((segment, index) => segment !== others[index])
  const segment = path.split('/')[differing]
  return segment !== undefined && !segment.startsWith(':') && others[differing]?.startsWith(':') === true
}

/** A table is of one method, so its router need not distinguish any. */
const anyMethod = 'ALL'

/** Decodes parameters, which the router gives as positions in the match of its expression. */
function paramsOf(places: Record<string, string | number>, matched: readonly string[] | undefined): Call['params'] {
  const params: Record<string, string> = {}
  for (const name in places) params[name] = tryDecodeURIComponent(matched?.[Number(places[name])] ?? '')
  return params
}

/**
 * Makes the response to HEAD of the one to GET: without the body, with its length where that is known. A stream is cancelled, which
 * frees its source.
 */
async function withoutBody(response: Response): Promise<Response> {
  const headers = new Headers(response.headers)
  if (response instanceof BytesResponse) headers.set('content-length', String(response.content.byteLength))
  else if (response.body !== null && isStream(headers)) await response.body.cancel()
  else if (response.body !== null) headers.set('content-length', String((await response.arrayBuffer()).byteLength))
  return new Response(null, { status: response.status, headers })
}

/** Whether a response has no end, or one that is known only when all of it was made. */
function isStream(headers: Headers): boolean {
  return ['text/event-stream', 'application/x-ndjson'].includes(headers.get('content-type') ?? '')
}

function serveUnmatched(tables: ReadonlyMap<string, RouteTable>, record: RecordResponse, log: Logger) {
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

/** Stays synchronous where the handler is: a promise for each request costs the read path a tenth. */
function serve(route: Route, options: { allows: AccessCheck; log: Logger }, record: RecordResponse): Respond {
  const allows = withTokens(route, options.allows)
  return call => {
    const { startedMs } = call
    const answered = (response: Response) => {
      record(startedMs, response.status)
      return response
    }
    const failed = (error: unknown) => answered(problemResponse(error, options.log))
    // What held when the request came may no longer hold.
    const handleLater = (refusal: AppError | undefined) =>
      refusal === undefined ? route.handle({ ...call, startedMs: performance.now() }) : Promise.reject(refusal)
    try {
      const refusal = allows(call.request, route.scope, startedMs)
      if (refusal instanceof Promise) return refusal.then(handleLater).then(answered, failed)
      if (refusal !== undefined) return failed(refusal)
      const response = route.handle(call)
      return response instanceof Promise ? response.then(answered, failed) : answered(response)
    } catch (error) {
      return failed(error)
    }
  }
}

/** The check of a route whose handler checks tokens of its own: a request with one passes. */
function withTokens({ tokenPrefix }: Route, allows: AccessCheck): AccessCheck {
  if (tokenPrefix === undefined) return allows
  return (request, scope, nowMs) =>
    bearerToken(request, tokenPrefix) === undefined ? allows(request, scope, nowMs) : undefined
}
