import { AppError } from '../errors.ts'
import { GrowingBuffer } from './growing-buffer.ts'
import type { HttpRequest } from './http.ts'

/**
 * The body of a request, bounded.
 *
 * @throws AppError BODY_TOO_LARGE; OVERLOADED; REQUEST_TIMEOUT; REQUEST_INVALID when the sender breaks off
 */
export async function readBody(request: HttpRequest, sizeBytesMax: number): Promise<Uint8Array> {
  const tooLarge = () => new AppError('BODY_TOO_LARGE', `a body has at most ${sizeBytesMax} bytes`)
  const length = Number(request.headers.get('content-length') ?? Number.NaN)
  if (length > sizeBytesMax) throw tooLarge()
  if (request.whole !== undefined) {
    if (request.whole.byteLength > sizeBytesMax) throw tooLarge()
    return request.whole
  }
  const startedMs = performance.now()
  const body = new GrowingBuffer()
  let charged = 0
  try {
    for await (const chunk of request.body ?? []) {
      if (body.byteLength + chunk.byteLength > sizeBytesMax) throw tooLarge()
      if (performance.now() - startedMs > bodyDeadlineMs) {
        throw new AppError('REQUEST_TIMEOUT', `the body did not come within ${bodyDeadlineMs} ms`)
      }
      if (incompleteBytes + chunk.byteLength > incompleteBytesMax) {
        throw new AppError('OVERLOADED', 'too many bodies are on their way')
      }
      charged += chunk.byteLength
      incompleteBytes += chunk.byteLength
      body.add(chunk)
    }
    return body.take()
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError('REQUEST_INVALID', 'the body could not be read to its end', { cause: error })
  } finally {
    incompleteBytes -= charged
  }
}

/**
 * What the bodies that are not complete yet may hold in memory, all together. One that comes with its head, as most orders do, is
 * never among them: senders that are slow, or never finish, do not keep the others out.
 */
const incompleteBytesMax = 64 * 1024 * 1024
let incompleteBytes = 0

/** How long a sender may take for a body that is kept in memory. */
const bodyDeadlineMs = 30_000
