import { setImmediate as nextTurn } from 'node:timers/promises'
import { deferredBy, type MessageHandler, type MessageResult } from '../dead-letters/message-handler.ts'
import { AppError, type Violation } from '../errors.ts'
import { traceparentOf } from '../platform/traceparent.ts'
import { generic } from './carriers/generic.ts'
import type { News, ReceivedReport } from './number-reports.ts'
import type { ReportWriter } from './report-writer.ts'

/** Messages read in one turn of the event loop. In longer turns the answers of the database wait, and so do the groups under way. */
const turnMessages = 50

type Given = { readonly report: ReceivedReport; readonly position: number }

/** The handler of messages that are reports of carriers, in our own form. A repeated one has no second effect. */
export function createReportHandler(options: {
  writer: ReportWriter
  now: () => number
  /** Called with what was new in each report. */
  onStored: (news: News) => void
}): MessageHandler {
  const { writer, now, onStored } = options
  return {
    codes: ['TRACKING_INVALID', 'TRACKING_UNPROCESSABLE'],
    unprocessable: 'TRACKING_UNPROCESSABLE',
    check(value) {
      const reading = readMessage(value)
      return reading.kind === 'refused' ? reading.violations : []
    },
    async handle(messages, { traceparent }) {
      const receivedAtMs = now()
      const results = new Array<MessageResult>(messages.length)
      const given: Given[] = []
      for (const [position, { value, headers }] of messages.entries()) {
        if (position % turnMessages === turnMessages - 1) await nextTurn()
        const reading = readMessage(value)
        if (reading.kind === 'refused') results[position] = rejected(reading.violations)
        else
          for (const report of reading.reports)
            given.push({
              position,
              report: { report, receivedAtMs, traceparent: traceparentOf(headers) ?? traceparent },
            })
      }
      const numbers = [...Map.groupBy(given, ({ report }) => report.report.number)]
      await Promise.all(
        numbers.map(async ([number, of]) => {
          const stored = await writer.store({ number, reports: of.map(({ report }) => report) }).catch(deferredBy)
          for (const [index, { position }] of of.entries()) {
            if ('kind' in stored) results[position] = stored
            else results[position] = resultOf(stored[index], onStored)
          }
        }),
      )
      return results
    },
  }
}

function readMessage(value: Buffer | null) {
  if (value !== null) return generic.parse(value)
  return { kind: 'refused', violations: [{ pointer: '', detail: 'must be a JSON object' }] } as const
}

function rejected(violations: readonly Violation[]): MessageResult {
  const error = new AppError('TRACKING_INVALID', 'the report of a carrier is not valid', { violations })
  return { kind: 'rejected', error }
}

function resultOf(news: News | undefined, onStored: (news: News) => void): MessageResult {
  if (news === undefined) throw new RangeError('a message has no result')
  onStored(news)
  return { kind: 'accepted', outcome: news.checkpoints > 0 ? 'carried_out' : 'duplicate', orderUid: undefined }
}
