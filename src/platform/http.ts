import type { AppError } from '../errors.ts'
import type { Claim, StoredResponse } from './idempotency/queries.ts'

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
  onReplayed?: (call: Call, response: StoredResponse) => void
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
