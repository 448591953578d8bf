import { randomUUID } from 'node:crypto'
import { AppError, catalogue } from '../../errors.ts'
import { inBatches } from '../batches.ts'
import { BytesResponse } from '../bytes-response.ts'
import type { Call, HttpRequest, Route } from '../http.ts'
import type { Logger } from '../log.ts'
import { Counter, type Registry } from '../metrics.ts'
import type { Pool } from '../postgres.ts'
import { problemResponse } from '../problem.ts'
import { readBody } from '../request-body.ts'
import { sha256 } from '../sha256.ts'
import {
  type Claim,
  keepFirstAnswer,
  KeyNotOurs,
  type Holding,
  leaseMs,
  releaseClaim,
  type StoredResponse,
  takeClaims,
} from './queries.ts'

/**
 * Requests with an Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a repetition gets the first answer again, and
 * has no effect.
 *
 * A request claims its key, the handler does its work, and the response is stored. Why nothing is done twice, and why a repetition gets
 * what the first response was or would have been, wherever a process is killed:
 *
 * - A handler that has a transaction keeps its answer in it. A kill leaves both effect and answer or neither; in the first case
 *   the repetition is answered at once, in the second it does the work.
 * - A handler of a route with `claims: 'itself'` claims the key in the transaction of its first effect: a kill before the commit leaves
 *   neither, and the repetition need not wait for the claim to be over. What it refuses before that transaction is claimed afterwards,
 *   so that a repetition gets the same refusal, and another request under the key is told so.
 * - A claim that nobody settles is over after `leaseMs`, which is longer than a handler may work, and a repetition takes it
 *   over. Should the first still be at work after all, only one of the two transactions can insert the answer: the other is
 *   rolled back, and its sender gets the answer that was kept.
 * - A handler without such a transaction has its answer kept when it has returned. Killed in between, it is run again when its
 *   claim is over. That is for effects that may come twice, as everything does that is sent by Kafka; money is not one of them.
 * - When an answer cannot be kept after its effect, the sender gets it all the same, since it is true; a repetition is told to
 *   wait for the claim to be over, and is run again.
 *
 * A lock held in the database during the work would need neither claims nor times, but a connection for each request under
 * way, beside the one that the work needs: with the pool in use each would wait for the other.
 */
export type IdempotencyOptions = {
  pool: Pool
  registry: Registry
  log: Logger
  /** Identifies the caller of a request. */
  callerOf: (request: HttpRequest) => string
}

/** The header of a request, and the one that marks a replayed response. */
export const keyHeader = 'Idempotency-Key'
export const replayedHeader = 'Idempotency-Replayed'

/** Visible ASCII characters. */
export const keyForm = /^[\x21-\x7e]{1,255}$/

/** Keys that are claimed by one statement. */
const claimsMax = 64

/** More than any route accepts: each has its own limit. */
const bodySizeBytesMax = 4 * 1024 * 1024

/**
 * Refusals that are not kept, beside all of 500 and above. The request was not looked into, so the key is still free for one
 * that is mended. What depends on the state, such as 404, 409 and 412, is an answer like any other, unless it asks to be repeated.
 */
const unkeptStatuses = new Set([400, 401, 403, 408, 413, 415, 429])

/** Whether a response with this status is replayed to a repetition. */
export function isKept(status: number): boolean {
  return status < 500 && !unkeptStatuses.has(status)
}

type Handle = Route['handle']

/** Makes the handlers of routes idempotent. A request without a key goes straight to its handler. */
export function createIdempotency(options: IdempotencyOptions): (route: Route) => Handle {
  const requests = new Counter({
    name: 'idempotent_requests_total',
    help: 'Requests with an Idempotency-Key; conflict: the first was still running; mismatch: the key was of another request',
    labelNames: ['outcome'],
    registers: [options.registry],
  })
  const count = (outcome: 'first' | 'replayed' | 'conflict' | 'mismatch') => requests.inc({ outcome })
  // Requests that come at the same time claim their keys together: a statement and a commit each would cost more than most handlers.
  const take = inBatches((claims: readonly Claim[]) => takeClaims(options.pool, claims, leaseMs), claimsMax)
  return route => call => {
    const key = call.request.headers.get(keyHeader)
    if (key !== null) return answerOnce(call, key, route, { ...options, count, take })
    if (route.needsKey === true) throw keyRequired()
    return route.handle(call)
  }
}

type Inside = IdempotencyOptions & {
  count: (outcome: 'first' | 'replayed' | 'conflict' | 'mismatch') => void
  take: (claim: Claim) => Promise<Holding>
}

async function answerOnce(call: Call, key: string, route: Route, inside: Inside): Promise<Response> {
  const { callerOf } = inside
  if (!keyForm.test(key)) throw keyInvalid()
  const request = call.request
  const body = await readBody(request, bodySizeBytesMax)
  const claim = claimFor(callerOf(request), call, key, route, body)
  // The body has been read to its end, and the handler wants to read it too.
  const again = { ...call, request: withBody(request, body) }
  if (route.claims !== 'itself') {
    const other = await takeAlone(claim, inside)
    if (other !== undefined) return answerOther(again, claim, other, route, inside)
    inside.count('first')
  }
  return carryOut(again, route, claim, inside)
}

/** Claims the key in a transaction of its own. @returns whose it is, when it is not this request's */
async function takeAlone(claim: Claim, { take }: Inside): Promise<KeyNotOurs['holding'] | undefined> {
  const holding = await take(claim)
  if (holding.kind !== 'ours') return holding
  claim.isTaken = true
  return undefined
}

/** Answers a request whose key belongs to another one, or was answered. @throws AppError IDEMPOTENCY_KEY_REUSED */
function answerOther(
  call: Call,
  claim: Claim,
  holding: KeyNotOurs['holding'],
  route: Route,
  { count, log }: Inside,
): Response {
  if (!holding.fingerprint.equals(claim.fingerprint)) {
    count('mismatch')
    throw new AppError('IDEMPOTENCY_KEY_REUSED', 'another request was sent with this Idempotency-Key')
  }
  if (holding.kind === 'held') {
    count('conflict')
    const refusal = new AppError(
      'IDEMPOTENCY_KEY_IN_USE',
      'the first request with this Idempotency-Key has no answer yet',
    )
    return problemResponse(refusal, log, { 'retry-after': '1' })
  }
  count('replayed')
  route.onReplayed?.(call, holding.answer)
  return replay(holding.answer)
}

/** Returns the request with its body rewound. */
function withBody({ method, url, headers, signal }: HttpRequest, body: Uint8Array): HttpRequest {
  const again = async function* () {
    yield body
  }
  return { method, url, headers, signal, body: again(), whole: body }
}

/** Runs the handler under a claim, or with one that it takes itself, and settles it. */
async function carryOut(call: Call, route: Route, claim: Claim, inside: Inside): Promise<Response> {
  const { pool, log, count } = inside
  let response: Response
  let isForNow = false
  try {
    response = await route.handle(call, claim)
  } catch (error) {
    if (error instanceof KeyNotOurs) return answerOther(call, claim, error.holding, route, inside)
    response = problemResponse(error, log)
    isForNow = asksToRetry(error)
  }
  if (route.claims === 'itself') {
    // It was refused before it came to the transaction: a first answer counts for this refusal too.
    const other = claim.isTaken ? undefined : await takeAlone(claim, inside)
    if (other !== undefined) return answerOther(call, claim, other, route, inside)
    count('first')
  }
  if (claim.isKept) return response
  const { status } = response
  if (isForNow || !isKept(status)) {
    await releaseClaim(pool, claim).catch(error =>
      log.warn({ err: error }, 'an idempotency key could not be released; its claim ends by itself'),
    )
    return response
  }
  const answer = await toAnswer(response)
  try {
    const first = await keepFirstAnswer(pool, { claim, answer })
    if (first !== undefined) {
      route.onReplayed?.(call, first)
      return replay(first)
    }
  } catch (error) {
    log.error({ err: error, route: route.path, status }, 'a response could not be stored for repeated requests')
  }
  return toResponse(answer)
}

/** Whether an error asks its caller to repeat the request, which is carried out then. A key that another request has answered keeps that. */
function asksToRetry(error: unknown): boolean {
  if (!(error instanceof AppError) || error.code === 'IDEMPOTENCY_KEY_IN_USE') return false
  return catalogue[error.code].consumer === 'retry'
}

export function keyRequired(): AppError {
  const violations = [{ pointer: `/${keyHeader}`, detail: 'is required: with it the request can be repeated safely' }]
  return new AppError('IDEMPOTENCY_KEY_REQUIRED', `the header ${keyHeader} is missing`, { violations })
}

function keyInvalid(): AppError {
  const detail = 'must be 1 to 255 visible ASCII characters, and be sent once'
  const violations = [{ pointer: `/${keyHeader}`, detail }]
  return new AppError('REQUEST_INVALID', `the header ${keyHeader} is not valid`, { violations })
}

/** A key is scoped to the caller and the URL, parameters included; the fingerprint is that of the request, to the byte. */
function claimFor(caller: string, call: Call, key: string, route: Route, body: Uint8Array): Claim {
  const address = [route.method, route.path, call.params]
  const scope = sha256(JSON.stringify([caller, ...address]))
  const fingerprint = sha256(JSON.stringify([...address, new URL(call.request.url).search]), body)
  return { id: randomUUID(), scope, key, fingerprint, isTaken: false, isKept: false }
}

/** Makes the response of an answer that a handler has stored in its transaction. */
export function toResponse({ status, headers, body }: StoredResponse): Response {
  return new BytesResponse(typeof body === 'string' ? Buffer.from(body) : body, headers, status)
}

async function toAnswer(response: Response): Promise<StoredResponse> {
  const body = new Uint8Array(await response.arrayBuffer())
  return { status: response.status, headers: Object.fromEntries(response.headers), body }
}

function replay(answer: StoredResponse): Response {
  return toResponse({ ...answer, headers: { ...answer.headers, [replayedHeader]: 'true' } })
}
