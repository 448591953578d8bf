import { deferredBy, type Message, type MessageHandler, type MessageResult } from '../dead-letters/message-handler.ts'
import { AppError } from '../errors.ts'
import { traceparentOf } from '../platform/traceparent.ts'
import type { EntryResult } from './decide-entries.ts'
import type { Entry } from './entry.ts'
import { readStockMessage } from './requests.ts'

/** The actor of messages that name none. */
const actorDefault = 'kafka'

/** The handler of messages that are movements and counts of stock. A repeated one has no second effect. */
export function createStockHandler(options: {
  /** Records entries in one transaction. */
  record: (entries: readonly Entry[]) => Promise<readonly EntryResult[]>
  now: () => number
}): MessageHandler {
  const { record, now } = options
  return {
    codes: [
      'STOCK_INVALID',
      'STOCK_UNPROCESSABLE',
      'ITEM_NOT_FOUND',
      'STOCK_INSUFFICIENT',
      'STOCK_CHANGED',
      'STOCK_CONFLICT',
    ],
    unprocessable: 'STOCK_UNPROCESSABLE',
    check(value) {
      const reading = readStockMessage(value, { nowMs: now(), actor: actorDefault, traceparent: undefined })
      return reading.kind === 'refused' ? reading.violations : []
    },
    async handle(messages, { traceparent }) {
      const nowMs = now()
      const results = new Array<MessageResult>(messages.length)
      const read = messages.flatMap((message, position) => {
        const reading = readStockMessage(message.value, contextOf(message, nowMs, traceparent))
        if (reading.kind === 'value') return [{ entry: reading.value, position }]
        const { violations } = reading
        const error = new AppError('STOCK_INVALID', 'the movement or count is not valid', { violations })
        results[position] = { kind: 'rejected', error }
        return []
      })
      const entries = read.map(({ entry }) => entry)
      const recorded = entries.length === 0 ? [] : await record(entries).catch(deferredBy)
      for (const [index, { position }] of read.entries()) {
        results[position] = 'kind' in recorded ? recorded : resultOf(recorded[index])
      }
      return results
    },
  }
}

function contextOf({ headers }: Message, nowMs: number, traceparent: string | undefined) {
  return { nowMs, actor: actorDefault, traceparent: traceparentOf(headers) ?? traceparent }
}

function resultOf(result: EntryResult | undefined): MessageResult {
  if (result === undefined) throw new RangeError('a message has no result')
  if (result.kind === 'refused') return { kind: 'rejected', error: result.error }
  return { kind: 'accepted', outcome: result.kind === 'repeated' ? 'duplicate' : 'carried_out', orderUid: undefined }
}
