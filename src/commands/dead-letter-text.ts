import type { Resolution } from '../dead-letters/attempts.ts'
import { presentResolution } from '../dead-letters/presentation.ts'
import type { DeadLetterWithHistory } from '../dead-letters/queries.ts'
import type { Violation } from '../errors.ts'

/** Dead letters as the commands print them for a person. */

/** Describes a dead letter from top to bottom. */
export function describeDeadLetter(
  { deadLetter, value, history }: DeadLetterWithHistory,
  now: readonly Violation[],
): string {
  const bytes =
    value === null ? 'none' : `${value.byteLength} bytes${deadLetter.text === null ? ', no UTF-8, in base64' : ''}`
  const lines = [
    `Dead letter ${deadLetter.id} is ${deadLetter.state}`,
    `  recorded   ${deadLetter.recorded_at}`,
    `  origin     ${deadLetter.topic}/${deadLetter.partition}/${deadLetter.offset}`,
    `  reason     ${deadLetter.code}: ${deadLetter.detail}`,
    ...section('violations when it arrived', deadLetter.violations.map(describeViolation)),
    ...section('violations now', now.map(describeViolation)),
    ...section('attempts', history.map(describeAttempt)),
    ...section('edited value', history.flatMap(({ edited_text: edited }) => edited ?? []).slice(0, 1)),
    ...section(`value, ${bytes}`, [deadLetter.text ?? deadLetter.value ?? '']),
  ]
  return printable(lines.join('\n'))
}

/** Describes a resolution. */
export function describeResolution(resolution: Resolution): string {
  const { id, outcome } = resolution
  if (outcome === 'discarded') return `dead letter ${id} is discarded`
  if (outcome !== 'refused')
    return printable(`dead letter ${id} is replayed: ${outcome} (order ${resolution.orderUid})`)
  const { code, message, violations } = resolution.error
  const lines = [`dead letter ${id} stays open: ${code}: ${message}`, ...violations.map(describeViolation)]
  return printable(lines.join('\n  '))
}

/** Describes one of many that were refused, in a line. */
export function describeRefusal(resolution: Resolution): string {
  const { code, detail, errors = [] } = presentResolution(resolution)
  const first = errors[0] === undefined ? '' : `; ${describeViolation(errors[0])}`
  return printable(`  ${resolution.id}  ${code}: ${detail}${first}`)
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines.map(line => `  ${line}`)]
}

function describeViolation({ pointer, detail }: Violation): string {
  return `${pointer === '' ? '(the whole)' : pointer}  ${detail}`
}

function describeAttempt(attempt: DeadLetterWithHistory['history'][number]): string {
  const { recorded_at: at, actor, outcome, code, detail, order_uid: orderUid, reason, is_edited: isEdited } = attempt
  const end = outcome === 'refused' ? `${code}: ${detail}` : (orderUid ?? '')
  const why = reason === '' ? '' : ` (${reason})`
  return `${at}  ${actor}  ${isEdited ? 'edited, ' : ''}${outcome}  ${end}${why}`
}

/** Writes invisible characters as their numbers: foreign text must not control the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, character => {
    if (character === '\n' || character === '\t') return character
    return `\\u{${character.codePointAt(0)?.toString(16)}}`
  })
}
