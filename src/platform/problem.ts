import { randomUUID } from 'node:crypto'
import { AppError, catalogue } from '../errors.ts'
import type { Logger } from './log.ts'
import { isOutage } from './postgres.ts'
import type { Problem } from './view.ts'

/** How long a caller is asked to wait before it tries again, in seconds. */
const retryAfterSeconds = 1

/**
 * Returns an error as an RFC 9457 response. An unexpected error is logged in full under the `request_id` that the caller sees, and
 * reveals nothing internal to the caller.
 *
 * @param error an AppError, or anything that was thrown
 * @param headers further headers of the answer
 */
export function problemResponse(error: unknown, log: Logger, headers: Record<string, string> = {}): Response {
  const known = toAppError(error)
  const { status, title } = catalogue[known.code]
  const requestId = randomUUID()
  if (status >= 500) log.error({ err: known, requestId, code: known.code }, 'a request failed')
  const problem: Problem = {
    ...known.members,
    type: `urn:shopping-cart:problem:${known.code.toLowerCase().replaceAll('_', '-')}`,
    title,
    status,
    detail: known.message,
    code: known.code,
    ...(known.violations.length === 0 ? {} : { errors: known.violations }),
    request_id: requestId,
  }
  return Response.json(problem, {
    status,
    headers: {
      'content-type': 'application/problem+json',
      // It has a request_id, and may be outdated in a moment: a cache may keep a 404 or 410 unless told otherwise.
      'cache-control': 'no-store',
      ...(status === 503 || status === 429 ? { 'retry-after': String(retryAfterSeconds) } : {}),
      // RFC 9110, 15.5.16: the codings that are accepted.
      ...(known.code === 'CONTENT_CODING_UNSUPPORTED' ? { 'accept-encoding': 'identity' } : {}),
      ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      ...headers,
    },
  })
}

/** Maps an error to one of the catalogue: an outage of the database, or an unexpected error. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  if (isOutage(error)) return new AppError('STORE_UNAVAILABLE', 'the database does not answer', { cause: error })
  return new AppError('INTERNAL', 'see the log', { cause: error })
}
