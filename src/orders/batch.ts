import { AppError, type ErrorCode, type Violation } from '../errors.ts'
import type { Intake } from './intake.ts'
import { errorOf, type Outcome } from './placing.ts'
import { documentSizeBytesMax, inTrace, readOrder, type ValidOrder } from './validate.ts'

/** The answer to one line of a batch. `line` counts from 1. */
export type LineResult = { line: number; order_uid?: string } & (
  | { outcome: 'placed' | 'duplicate' }
  | { outcome: 'refused'; code: ErrorCode; errors?: readonly Violation[] }
  /** The last answer of a batch that was broken off: this line and those after it were not taken in. */
  | { outcome: 'stopped'; code: ErrorCode }
)

/** Lines that are written together; large enough to share a commit, small enough to stay within memory. */
const linesMax = 1000
const bytesMax = 2 * 1024 * 1024

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
  for await (const portion of portionsOf(body)) {
    const readings = portion.map(readOrder)
    const orders = readings.flatMap(reading => (reading.kind === 'order' ? [inTrace(reading.order, traceparent)] : []))
    const outcomes = await intake.submitAll(orders)
    let answers = ''
    let next = 0
    for (const reading of readings) {
      progress.line += 1
      const { line } = progress
      const result: LineResult =
        reading.kind === 'refused'
          ? { line, outcome: 'refused', code: 'ORDER_INVALID', errors: reading.violations }
          : resultOf(line, orders[next] as ValidOrder, outcomes[next++] as Outcome)
      onOutcome('code' in result ? result.code : result.outcome)
      answers += `${JSON.stringify(result)}\n`
    }
    yield Buffer.from(answers)
  }
}

function resultOf(line: number, order: ValidOrder, outcome: Outcome): LineResult {
  const found = { line, order_uid: order.orderUid }
  const code = errorOf(outcome)
  if (code !== undefined) return { ...found, outcome: 'refused', code }
  return { ...found, outcome: outcome.kind === 'placed' ? 'placed' : 'duplicate' }
}

/** Cuts a stream of bytes into lines without their ends, in portions. Empty lines are left out. */
async function* portionsOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array[]> {
  let lines: Uint8Array[] = []
  let bytes = 0
  let rest: Uint8Array[] = []
  let restBytes = 0
  const endLine = (last: Uint8Array) => {
    const line = rest.length === 0 ? last : Buffer.concat([...rest, last])
    rest = []
    restBytes = 0
    if (line.byteLength === 0 || (line.byteLength === 1 && line[0] === 0x0d)) return
    lines.push(line)
    bytes += line.byteLength
  }
  for await (const chunk of body) {
    let start = 0
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      endLine(chunk.subarray(start, end))
      start = end + 1
      if (lines.length >= linesMax || bytes >= bytesMax) {
        yield lines
        lines = []
        bytes = 0
      }
    }
    rest.push(chunk.slice(start))
    restBytes += chunk.byteLength - start
    if (restBytes > documentSizeBytesMax) {
      throw new AppError('BODY_TOO_LARGE', `a line has at most ${documentSizeBytesMax} bytes`)
    }
  }
  endLine(new Uint8Array(0))
  if (lines.length > 0) yield lines
}
