import type { EventView } from '../../src/events/schemas.ts'
import type { EventWords } from '../module.ts'
import { money } from '../platform/money.ts'
import { texts } from './texts.ts'

const words = texts.events

/** An event of a payment in words: what happened, how much it was, and through whom. */
export function paymentWords({ type, data }: EventView): EventWords | undefined {
  if (!type.startsWith('payment.')) return undefined
  const { provider, operation, kind, detail, failure, outcome } = data
  const facts = [
    [words.amount, movedOf(data)],
    [words.provider, textOf(provider)],
    [words.operation, type === 'payment.failed' ? wordOf(texts.kinds, operation) : ''],
    [words.issue, wordOf(texts.issueKinds, kind)],
    [words.outcome, wordOf(texts.disputeOutcomes, outcome)],
    [words.refusal, textOf((failure as { message?: unknown } | undefined)?.message)],
    [words.detail, textOf(detail)],
  ] as const
  return { title: wordOf(words.titles, type), facts: facts.filter(([, value]) => value !== '') }
}

/** What the event has moved, or what the payment or the issue is about. */
function movedOf(data: EventView['data']): string {
  const { operation_amount: operation, dispute_amount: dispute, released, amount, currency } = data
  const moved = [operation, dispute, released, amount].find(candidate => typeof candidate === 'number')
  return typeof moved === 'number' && typeof currency === 'string' ? money(moved, currency) : ''
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** The word for a value of the API; the value itself where there is none yet. */
function wordOf(known: Readonly<Record<string, string>>, value: unknown): string {
  const text = textOf(value)
  return known[text] ?? text
}
