import { settledWithin } from './deadline.ts'
import { createBodyHold } from './request-body.ts'

/** How the lines of a body are batched. */
export type PortionBounds = {
  /** When a portion is full. */
  linesMax: number
  bytesMax: number
  /** How long a line may be. */
  lineBytesMax: number
  /**
   * After this long without a byte, the lines so far are yielded as a portion that is not full, or an empty one.
   * Undefined: a portion waits until it is full.
   */
  pauseMs?: number
}

/**
 * Splits a stream of bytes into lines without their ends, in portions. Empty lines are yielded too, so that a caller can count the
 * lines of the file. A line that is not whole yet, which a slow sender can leave so, is held within the memory budget.
 *
 * @param tooLong makes the error of a line that is longer than the bound
 * @throws that error, after the lines before it; what the stream throws, and AppError OVERLOADED where the budget has no room, after all
 *   lines that were whole by then
 */
export async function* portionsOf(
  body: AsyncIterable<Uint8Array>,
  bounds: PortionBounds,
  tooLong: () => Error,
): AsyncGenerator<Uint8Array[]> {
  const source = body[Symbol.asyncIterator]()
  const cutter = new LineCutter()
  const hold = createBodyHold()
  let failure: unknown
  try {
    for (let received: Promise<IteratorResult<Uint8Array>> | undefined; ; ) {
      received ??= source.next()
      const result = bounds.pauseMs === undefined ? await received : await settledWithin(received, bounds.pauseMs)
      if (result === undefined) {
        yield cutter.take()
        continue
      }
      received = undefined
      if (result.done) break
      for (let rest: Uint8Array | undefined = result.value; rest !== undefined; ) {
        rest = cutter.cut(rest, bounds)
        if (cutter.isFull(bounds)) yield cutter.take()
      }
      if (cutter.restBytes > bounds.lineBytesMax) throw tooLong()
      hold(cutter.restBytes)
    }
    cutter.end()
  } catch (error) {
    failure = { error }
  } finally {
    hold(0)
    // Not awaited: a source that hangs would keep its reader from ending.
    Promise.resolve(source.return?.()).catch(() => undefined)
  }
  const last = cutter.take()
  if (last.length > 0) yield last
  if (failure !== undefined) throw (failure as { error: unknown }).error
}

/** Collects the lines of a portion, and the beginning of the incomplete line. */
class LineCutter {
  #lines: Uint8Array[] = []
  #bytes = 0
  #rest: Uint8Array[] = []
  restBytes = 0

  /** @returns the rest of the chunk when the portion is full; undefined when all of it was used */
  cut(chunk: Uint8Array, bounds: PortionBounds): Uint8Array | undefined {
    let start = 0
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      this.#endLine(chunk.subarray(start, end))
      start = end + 1
      if (this.isFull(bounds)) return chunk.subarray(start)
    }
    if (start < chunk.byteLength) this.#rest.push(chunk.slice(start))
    this.restBytes += chunk.byteLength - start
    return undefined
  }

  isFull({ linesMax, bytesMax }: PortionBounds): boolean {
    return this.#lines.length >= linesMax || this.#bytes >= bytesMax
  }

  /** Text after the last line end is a line as well. */
  end(): void {
    this.#endLine(new Uint8Array(0))
  }

  take(): Uint8Array[] {
    const lines = this.#lines
    this.#lines = []
    this.#bytes = 0
    return lines
  }

  #endLine(last: Uint8Array): void {
    const line = this.#rest.length === 0 ? last : Buffer.concat([...this.#rest, last])
    this.#rest = []
    this.restBytes = 0
    this.#lines.push(isBlank(line) ? line.subarray(0, 0) : line)
    this.#bytes += line.byteLength
  }
}

/** Whether a line holds nothing but the first half of its end (CRLF), or a byte order mark, with which some programs begin a file. */
function isBlank(line: Uint8Array): boolean {
  const first = line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf ? 3 : 0
  return line.byteLength === first || (line.byteLength === first + 1 && line[first] === 0x0d)
}
