import { AppError } from '../errors.ts'
import { AnswerSpool } from './answer-spool.ts'
import type { Logger } from './log.ts'
import { memoryBudget } from './memory-budget.ts'
import { toAppError } from './problem.ts'
import type { LinesEnd } from './view.ts'

/** An NDJSON answer as it is made. */
export type LinesSource = {
  /** The lines with their ends, some at a time. Without any: what was made until now should be sent, since no more comes for now. */
  lines: AsyncGenerator<Uint8Array>
  /** How many lines it has given until now, and what else the last line says. */
  sums: () => Readonly<Record<string, number>> & { count: number }
  log: Logger
}

const contentType = 'application/x-ndjson'

/**
 * Answers with lines, which are made only as fast as the receiver takes them. The head waits for the first of them.
 *
 * @throws what making the first lines throws: there is nothing to lose then, and the refusal has a status of its own
 */
export async function linesResponse(source: LinesSource): Promise<Response> {
  const lines = withEnd({ ...source, lines: withinBudget(source.lines) })
  const first = await lines.next()
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        if (!first.done) controller.enqueue(first.value)
      },
      async pull(controller) {
        const { done, value } = await lines.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await lines.return(undefined)
      },
    },
    // Nothing is made before the receiver has taken what was made before.
    new ByteLengthQueuingStrategy({ highWaterMark: 0 }),
  )
  return new Response(body, { headers: { 'content-type': contentType } })
}

/** Pauses of a sender of a known length that are passed over: it has said how much it sends, so it does not wait for answers. */
const pausesOfKnownLength = 50

/**
 * Answers a request line by line whose lines come in while they are answered. Proxies such as nginx stop passing on the
 * request when the head of the answer is there, and many clients read nothing before they have sent everything. So the head waits
 * until the whole request is answered, while the answers are kept; it goes earlier when the sender pauses, since it then may wait
 * for answers, and when no more answers can be kept.
 *
 * @param isLengthKnown whether the request said how long it is
 * @throws what making the first lines throws
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

/** The lines and behind them the last one. What goes wrong after the first line is said by the last. */
async function* withEnd({ lines, sums, log }: LinesSource): AsyncGenerator<Uint8Array> {
  try {
    yield* lines
  } catch (error) {
    if (sums().count === 0) throw error
    const known = toAppError(error)
    if (known.code === 'INTERNAL') log.error({ err: known }, 'an answer line by line could not be completed')
    yield lineOf({ complete: false, ...sums(), code: known.code, detail: known.message } satisfies LinesEnd)
    return
  }
  yield lineOf({ complete: true, ...sums() } satisfies LinesEnd)
}

function lineOf(end: LinesEnd): Uint8Array {
  return Buffer.from(`${JSON.stringify(end)}\n`)
}
