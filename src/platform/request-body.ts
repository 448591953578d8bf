import { AppError } from '../errors.ts'
import { GrowingBuffer } from './growing-buffer.ts'
import type { HttpRequest } from './http.ts'
import { memoryBudget } from './memory-budget.ts'

/**
 * The body of a request, bounded. One that comes with its head, as most orders do, takes nothing of the memory budget: senders that
 * are slow, or never finish, do not keep the others out.
 *
 * @throws AppError BODY_TOO_LARGE; OVERLOADED; REQUEST_TIMEOUT; REQUEST_INVALID when the sender breaks off
 */
export async function readBody(request: HttpRequest, sizeBytesMax: number): Promise<Uint8Array> {
  const tooLarge = () => new AppError('BODY_TOO_LARGE', `a body has at most ${sizeBytesMax} bytes`)
  const length = Number(request.headers.get('content-length') ?? 0)
  if (length > sizeBytesMax) throw tooLarge()
  if (request.whole !== undefined) {
    if (request.whole.byteLength > sizeBytesMax) throw tooLarge()
    return request.whole
  }
  const startedMs = performance.now()
  const body = new GrowingBuffer(length)
  const hold = createBodyHold()
  try {
    for await (const chunk of request.body ?? []) {
      if (body.byteLength + chunk.byteLength > sizeBytesMax) throw tooLarge()
      if (performance.now() - startedMs > bodyDeadlineMs) {
        throw new AppError('REQUEST_TIMEOUT', `the body did not come within ${bodyDeadlineMs} ms`)
      }
      // All of it at once where the sender has told its length: a body should not be refused when most of it is there.
      hold(Math.max(body.byteLength + chunk.byteLength, length))
      body.add(chunk)
    }
    return body.take()
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError('REQUEST_INVALID', 'the body could not be read to its end', { cause: error })
  } finally {
    hold(0)
  }
}

/** How long a sender may take for a body that is kept in memory. */
const bodyDeadlineMs = 30_000

/**
 * Holds bytes of a body within the memory budget.
 *
 * @returns takes how many bytes are held from now on; 0 releases them. It throws AppError OVERLOADED where the budget has no room
 */
export function createBodyHold(): (bytes: number) => void {
  let held = 0
  return bytes => {
    if (bytes > held && !memoryBudget.acquire('bodies', bytes - held)) {
      throw new AppError('OVERLOADED', 'too many bodies are on their way')
    }
    if (bytes < held) memoryBudget.release('bodies', held - bytes)
    held = bytes
  }
}
