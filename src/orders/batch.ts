import { setImmediate as nextTurn } from 'node:timers/promises'
import { AppError } from '../errors.ts'
import type { LinesSource } from '../platform/lines-response.ts'
import type { Logger } from '../platform/log.ts'
import { portionsOf } from '../platform/ndjson.ts'
import { pageWasMade } from '../platform/page-garbage.ts'
import { createSlots } from '../platform/slots.ts'
import type { Intake } from './intake.ts'
import { errorOf, isStored, type Outcome } from './placement.ts'
import type { ValidOrder } from './new-order.ts'
import { documentSizeBytesMax, inTrace, type Reading, readOrder, submittable } from './validate.ts'
import type { BatchResultView } from './views.ts'

/**
 * Lines that are written together: enough to share a commit, few enough to stay within memory. Two pauses are the time after
 * which a sender that waits has the answers to its last line.
 */
const bounds = { linesMax: 1000, bytesMax: 2 * 1024 * 1024, lineBytesMax: documentSizeBytesMax, pauseMs: 100 }

/** Lines read in one turn of the event loop: one that breaks most rules takes a fifth of a millisecond. */
const turnLines = 25

/** Results are handed on in pieces: those of a portion can be longer than its lines. */
const pieceCharactersMin = 64 * 1024

/** Portions of all batches that are worked on at a time: as many orders as the intake has in its transactions, and their like. */
const inSlot = createSlots(3)

type Sums = { count: number } & Record<BatchResultView['outcome'], number>

export type BatchOptions = {
  intake: Intake
  /** Is called with the outcome of each line. */
  onOutcome: (outcome: string) => void
  /** The trace of the request, which is that of every line. */
  traceparent: string | undefined
  log: Logger
}

/**
 * Places orders that come as NDJSON, a line each, and answers line by line in the same order. Holds one portion of lines and its
 * answers in memory, whatever the length of the stream, and reads on when the answers are consumed. Every line that was received
 * whole is answered, also when the sender pauses or breaks off. When the intake accepts no more orders, the answers end with an
 * AppError: the lines after the last answer were not submitted, and may be sent again.
 */
export function answerLines(body: AsyncIterable<Uint8Array>, options: BatchOptions): LinesSource {
  const sums = { count: 0, placed: 0, duplicate: 0, refused: 0 }
  return { lines: answersTo(body, options, sums), sums: () => sums, log: options.log }
}

async function* answersTo(
  body: AsyncIterable<Uint8Array>,
  options: BatchOptions,
  sums: Sums,
): AsyncGenerator<Uint8Array> {
  let line = 1
  for await (const portion of portionsOf(body, bounds, tooLong)) {
    const pieces = await inSlot(() => answerPortion(portion, line, options, sums))
    pageWasMade(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0))
    line += portion.length
    yield* pieces
    // An empty portion says that the sender pauses; empty lines alone have no answer.
    if (portion.length === 0) yield nothing
  }
}

/** Places the orders of a portion and makes its answers. @param firstLine the number of its first line */
async function answerPortion(
  portion: readonly Uint8Array[],
  firstLine: number,
  { intake, onOutcome, traceparent }: BatchOptions,
  sums: Sums,
): Promise<Uint8Array[]> {
  const readings: (Reading | undefined)[] = []
  for (const [index, line] of portion.entries()) {
    if (index % turnLines === turnLines - 1) await nextTurn()
    readings.push(line.byteLength === 0 ? undefined : readOrder(line))
  }
  const orders = readings.flatMap(reading => {
    const order = reading && submittable(reading)
    return order === undefined ? [] : [inTrace(order, traceparent)]
  })
  const outcomes = await intake.submitAll(orders)
  const pieces: Uint8Array[] = []
  let answers = ''
  let next = 0
  for (const [index, reading] of readings.entries()) {
    if (reading === undefined) continue
    const line = firstLine + index
    const result: BatchResultView =
      reading.kind === 'refused' && reading.formerly === undefined
        ? refused(line, reading)
        : resultOf(line, orders[next] as ValidOrder, outcomes[next++] as Outcome)
    onOutcome(result.code ?? result.outcome)
    sums.count += 1
    sums[result.outcome] += 1
    answers += `${JSON.stringify(result)}\n`
    if (answers.length < pieceCharactersMin) continue
    pieces.push(Buffer.from(answers))
    answers = ''
  }
  if (answers !== '') pieces.push(Buffer.from(answers))
  return pieces
}

const nothing = new Uint8Array(0)

function tooLong(): AppError {
  return new AppError('BODY_TOO_LARGE', `a line has at most ${documentSizeBytesMax} bytes`)
}

/** Names the order that is refused where its uid can be read, since line numbers change with the file. */
function refused(line: number, { orderUid, violations }: Extract<Reading, { kind: 'refused' }>): BatchResultView {
  const uid = orderUid === undefined ? {} : { order_uid: orderUid }
  return { line, ...uid, outcome: 'refused', code: 'ORDER_INVALID', errors: violations }
}

function resultOf(line: number, order: ValidOrder, outcome: Outcome): BatchResultView {
  const { orderUid } = order
  const found = { line, order_uid: orderUid }
  if (isStored(outcome)) return { ...found, outcome: outcome.kind }
  const { code, violations } = errorOf(outcome, orderUid)
  return { ...found, outcome: 'refused', code, ...(violations.length > 0 ? { errors: violations } : {}) }
}
