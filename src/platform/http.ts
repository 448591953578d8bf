import type { AppError } from '../errors.ts'
import type { Claim, StoredResponse } from './idempotency/queries.ts'

/** The part of the standard `Request` that handlers use. */
export type HttpRequest = {
  readonly method: string
  readonly url: string
  readonly headers: Pick<Headers, 'get' | 'has' | 'set'>
  /** Aborted when the sender is gone. */
  readonly signal: AbortSignal
  /** Readable once; null where there is none. */
  readonly body: AsyncIterable<Uint8Array> | null
  /** The whole body, where it has arrived already. */
  readonly whole?: Uint8Array | undefined
}

/** A request on its way through its route. */
export type Call = {
  readonly request: HttpRequest
  /** The decoded parameters of the route's template. */
  readonly params: Readonly<Record<string, string>>
  /** When it arrived, by `performance.now()`: reading the clock again costs 0.2 µs. */
  readonly startedMs: number
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** A route: what it does, who may call it, and how it is documented. */
export type Route = {
  method: Method
  /** A template such as `/api/orders/:id`; it also labels the metrics. */
  path: string
  /** The scope a caller's key must have, or `public` for none. */
  scope: string
  /**
   * What bearer tokens begin with that the handler checks itself: a request with one needs no key. The handler must refuse a token that
   * is not right.
   */
  tokenPrefix?: string
  /** Supports `Idempotency-Key`: for every POST that creates something or moves money. Its responses must be whole, not streams. */
  idempotent?: true
  /** Refuses a request without `Idempotency-Key`: it moves money. Only for an idempotent route. */
  needsKey?: true
  /** Its handler claims the key in the transaction of its first effect (`readingKeys`); otherwise it is claimed before. */
  claims?: 'itself'
  /** Called before a repeated request gets the first response again: another instance may have given it. */
  onReplayed?: (call: Call, response: StoredResponse) => void
  /** Its responses bring their own `Cache-Control` and `Vary`, and their own compression. */
  representsItself?: true
  /** The operation in OpenAPI 3.1; a route without one is not part of the API. */
  operation?: Record<string, unknown>
  /**
   * Handles a request; what it throws becomes a problem document.
   *
   * @param claim of the request's `Idempotency-Key`, if it has one: with it the response can be stored in the transaction of the
   *   effect (`keepAnswer`)
   */
  handle(call: Call, claim?: Claim): Response | Promise<Response>
}

/**
 * Checks whether a request may be served: undefined, or the refusal. Synchronous where it can be, since every request passes it.
 *
 * @param nowMs by `performance.now()`
 */
export type AccessCheck = (
  request: HttpRequest,
  scope: string,
  nowMs: number,
) => AppError | undefined | Promise<AppError | undefined>

const bearer = /^bearer +(\S+) *$/i

/** The token of a request's `Authorization: Bearer`. @returns undefined when there is none that begins so */
export function bearerToken({ headers }: Pick<HttpRequest, 'headers'>, prefix: string): string | undefined {
  const [, token] = bearer.exec(headers.get('authorization') ?? '') ?? []
  return token?.startsWith(prefix) === true ? token : undefined
}

/** Serves a route. It never rejects: what is thrown becomes a problem document. */
export type Respond = (call: Call) => Response | Promise<Response>
