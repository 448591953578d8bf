import { AppError } from '../errors.ts'
import { AnswerSpool } from './answer-spool.ts'
import type { Logger } from './log.ts'
import { memoryBudget } from './memory-budget.ts'
import { pageWasMade } from './page-garbage.ts'
import { toAppError } from './problem.ts'
import type { LinesEnd } from './view.ts'

/** The source of an NDJSON response. */
export type LinesSource = {
  /** The lines with their line ends, in chunks. An empty chunk flushes: no more lines come for now. */
  lines: AsyncGenerator<Uint8Array>
  /** The number of lines so far, and the other fields of the last line. */
  sums: () => Readonly<Record<string, number>> & { count: number }
  log: Logger
}

const contentType = 'application/x-ndjson'

/**
 * Responds with lines, which are produced only as fast as the receiver reads them. The head waits for the first of them.
 *
 * @throws what producing the first lines throws: nothing was sent by then, so the error gets its own status
 */
export function linesResponse(source: LinesSource): Promise<Response> {
  return streamedResponse(withEnd({ ...source, lines: withinBudget(source.lines) }), { 'content-type': contentType })
}

/**
 * Responds with pieces of a body, which are produced only as fast as the receiver reads them. The head waits for the first of them. One that
 * cannot be produced cuts the body off.
 *
 * @throws what producing the first piece throws
 */
export async function streamedResponse(
  lines: AsyncGenerator<Uint8Array>,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  // Not kept once it is sent: what the stream's functions refer to lives as long as the response.
  let first: IteratorResult<Uint8Array> | undefined = await lines.next()
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = first ?? (await lines.next())
        first = undefined
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await lines.return(undefined)
      },
    },
    // Nothing is produced before the receiver has read what was produced before.
    new ByteLengthQueuingStrategy({ highWaterMark: 0 }),
  )
  return new Response(body, { headers })
}

/** Pauses of a sender that has announced its length are ignored up to this: it does not wait for answers. */
const pausesOfKnownLength = 50

/**
 * Responds line by line to a request whose lines arrive meanwhile. Proxies such as nginx stop forwarding the request once the head of
 * the response is there, and many clients read nothing before they have sent everything. So the head waits until the whole request
 * is answered, while the answers are buffered; it is sent earlier when the sender pauses, since it may then wait for answers, and when
 * the buffer is full.
 *
 * @param isLengthKnown whether the request has a Content-Length
 * @throws what producing the first lines throws
 */
export async function spooledLinesResponse(source: LinesSource, isLengthKnown: boolean): Promise<Response> {
  const lines = withEnd(source)
  const spool = new AnswerSpool(source.log)
  const head = Promise.withResolvers<void>()
  void spool.full.then(head.resolve)
  const fill = async () => {
    let pauses = 0
    for await (const piece of lines) {
      pauses = piece.byteLength === 0 ? pauses + 1 : 0
      if (pauses > 0 && spool.byteLength > 0 && (!isLengthKnown || pauses >= pausesOfKnownLength)) head.resolve()
      if (piece.byteLength > 0 && !(await spool.add(piece))) return
    }
    spool.end()
    head.resolve()
  }
  const filling = fill().catch(error => {
    spool.close()
    head.reject(error)
  })
  await head.promise
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const piece = await spool.take()
        if (piece === undefined) controller.close()
        else controller.enqueue(piece)
      },
      async cancel() {
        spool.close()
        await filling
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: 1 }),
  )
  return new Response(body, { headers: { 'content-type': contentType } })
}

/**
 * The same lines, of which those that wait for their receiver are held within the memory budget: the piece that is being sent and the
 * one that is made meanwhile.
 *
 * @throws AppError OVERLOADED where there is no room
 */
async function* withinBudget(lines: LinesSource['lines']): LinesSource['lines'] {
  const held = [0, 0]
  try {
    for await (const piece of lines) {
      pageWasMade(piece.byteLength)
      memoryBudget.release('answers', held.shift() ?? 0)
      held.push(0)
      if (!memoryBudget.acquire('answers', piece.byteLength)) {
        throw new AppError('OVERLOADED', 'too many answers wait for their receivers')
      }
      held[1] = piece.byteLength
      yield piece
    }
  } finally {
    for (const bytes of held) memoryBudget.release('answers', bytes)
  }
}

/** Yields the lines and then the last one, which reports an error that came after the first line. */
async function* withEnd({ lines, sums, log }: LinesSource): AsyncGenerator<Uint8Array> {
  try {
    yield* lines
  } catch (error) {
    if (sums().count === 0) throw error
    const known = toAppError(error)
    if (known.code === 'INTERNAL') log.error({ err: known }, 'an NDJSON response could not be completed')
    yield lineOf({ complete: false, ...sums(), code: known.code, detail: known.message } satisfies LinesEnd)
    return
  }
  yield lineOf({ complete: true, ...sums() } satisfies LinesEnd)
}

function lineOf(end: LinesEnd): Uint8Array {
  return Buffer.from(`${JSON.stringify(end)}\n`)
}
