import { AppError, type ErrorCode, type Violation } from '../errors.ts'
import { portionsOf } from '../platform/ndjson.ts'
import type { Intake } from './intake.ts'
import { errorOf, type Outcome } from './placing.ts'
import { documentSizeBytesMax, inTrace, type Reading, readOrder, submittable, type ValidOrder } from './validate.ts'

/** The answer to one line of a batch. `line` counts from 1, empty lines as well, which have no answer. */
export type LineResult = { line: number; order_uid?: string } & (
  | { outcome: 'placed' | 'duplicate' }
  | { outcome: 'refused'; code: ErrorCode; errors?: readonly Violation[] }
  /** The last answer of a batch that was broken off: this line and those after it were not taken in. */
  | { outcome: 'stopped'; code: ErrorCode }
)

/** Lines that are written together; large enough to share a commit, small enough to stay within memory. */
const bounds = { linesMax: 1000, bytesMax: 2 * 1024 * 1024, lineBytesMax: documentSizeBytesMax }

/**
 * Takes in orders as NDJSON, a line each, and answers line by line in the same order. Holds one portion of lines and its
 * answers in memory, whatever the length of the stream: it reads on only when the answers are taken. When the intake stops
 * taking orders the last answer says so.
 *
 * @param onOutcome hears of each line's fate
 * @param traceparent the trace of the request, which is that of every line
 */
export async function* takeInLines(
  body: AsyncIterable<Uint8Array>,
  intake: Intake,
  onOutcome: (outcome: string) => void,
  traceparent?: string,
): AsyncGenerator<Uint8Array> {
  const progress = { line: 0 }
  try {
    yield* takeIn(body, intake, onOutcome, traceparent, progress)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const result: LineResult = { line: progress.line + 1, outcome: 'stopped', code: error.code }
    yield Buffer.from(`${JSON.stringify(result)}\n`)
  }
}

async function* takeIn(
  body: AsyncIterable<Uint8Array>,
  intake: Intake,
  onOutcome: (outcome: string) => void,
  traceparent: string | undefined,
  progress: { line: number },
): AsyncGenerator<Uint8Array> {
  for await (const portion of portionsOf(body, bounds, tooLong)) {
    const readings = portion.map(line => (line.byteLength === 0 ? undefined : readOrder(line)))
    const orders = readings.flatMap(reading => {
      const order = reading && submittable(reading)
      return order === undefined ? [] : [inTrace(order, traceparent)]
    })
    const outcomes = await intake.submitAll(orders)
    let answers = ''
    let next = 0
    for (const reading of readings) {
      progress.line += 1
      if (reading === undefined) continue
      const { line } = progress
      const result: LineResult =
        reading.kind === 'refused' && reading.formerly === undefined
          ? refused(line, reading)
          : resultOf(line, orders[next] as ValidOrder, outcomes[next++] as Outcome)
      onOutcome('code' in result ? result.code : result.outcome)
      answers += `${JSON.stringify(result)}\n`
    }
    if (answers !== '') yield Buffer.from(answers)
  }
}

function tooLong(): AppError {
  return new AppError('BODY_TOO_LARGE', `a line has at most ${documentSizeBytesMax} bytes`)
}

/** Says which order is refused where its uid can be read, since line numbers change with the file. */
function refused(line: number, { orderUid, violations }: Extract<Reading, { kind: 'refused' }>): LineResult {
  const uid = orderUid === undefined ? {} : { order_uid: orderUid }
  return { line, ...uid, outcome: 'refused', code: 'ORDER_INVALID', errors: violations }
}

function resultOf(line: number, order: ValidOrder, outcome: Outcome): LineResult {
  const found = { line, order_uid: order.orderUid }
  const code = errorOf(outcome)
  if (outcome.kind === 'invalid') {
    return { ...found, outcome: 'refused', code: 'ORDER_INVALID', errors: outcome.violations }
  }
  if (code !== undefined) return { ...found, outcome: 'refused', code }
  return { ...found, outcome: outcome.kind === 'placed' ? 'placed' : 'duplicate' }
}
