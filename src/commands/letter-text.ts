import type { Result } from '../dead-letters/desk.ts'
import type { LetterWithHistory } from '../dead-letters/letter.ts'
import { presentResult } from '../dead-letters/presentation.ts'
import type { Violation } from '../errors.ts'

/** What the commands say of dead letters to a person. */

/** A letter from top to bottom. */
export function describeLetter({ letter, value, history }: LetterWithHistory, now: readonly Violation[]): string {
  const bytes =
    value === null ? 'none' : `${value.byteLength} bytes${letter.text === null ? ', no UTF-8, in base64' : ''}`
  const lines = [
    `Dead letter ${letter.id} is ${letter.state}`,
    `  recorded   ${letter.recorded_at}`,
    `  origin     ${letter.topic}/${letter.partition}/${letter.offset}`,
    `  reason     ${letter.code}: ${letter.detail}`,
    ...section('wrong with it when it came', letter.violations.map(describeViolation)),
    ...section('wrong with it now', now.map(describeViolation)),
    ...section('what was tried', history.map(describeAttempt)),
    ...section('edited value', history.flatMap(({ edited_text: edited }) => edited ?? []).slice(0, 1)),
    ...section(`value, ${bytes}`, [letter.text ?? letter.value ?? '']),
  ]
  return printable(lines.join('\n'))
}

/** What became of one letter. */
export function describeResult(result: Result): string {
  const { id, outcome } = result
  if (outcome === 'discarded') return `dead letter ${id} is discarded`
  if (outcome !== 'refused') return printable(`dead letter ${id} is replayed: ${outcome} (order ${result.orderUid})`)
  const { code, message, violations } = result.error
  const lines = [`dead letter ${id} stays open: ${code}: ${message}`, ...violations.map(describeViolation)]
  return printable(lines.join('\n  '))
}

/** A line for one of many that were refused. */
export function describeRefusal(result: Result): string {
  const {
    code,
    detail,
    errors = [],
  } = presentResult(result) as { code?: string; detail?: string; errors?: Violation[] }
  const first = errors[0] === undefined ? '' : `; ${describeViolation(errors[0])}`
  return printable(`  ${result.id}  ${code}: ${detail}${first}`)
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines.map(line => `  ${line}`)]
}

function describeViolation({ pointer, detail }: Violation): string {
  return `${pointer === '' ? '(the whole)' : pointer}  ${detail}`
}

function describeAttempt(attempt: LetterWithHistory['history'][number]): string {
  const { recorded_at: at, actor, outcome, code, detail, order_uid: orderUid, reason, is_edited: isEdited } = attempt
  const end = outcome === 'refused' ? `${code}: ${detail}` : (orderUid ?? '')
  const why = reason === '' ? '' : ` (${reason})`
  return `${at}  ${actor}  ${isEdited ? 'edited, ' : ''}${outcome}  ${end}${why}`
}

/** What strangers sent must not steer the terminal: characters that cannot be seen are written as their numbers. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, character => {
    if (character === '\n' || character === '\t') return character
    return `\\u{${character.codePointAt(0)?.toString(16)}}`
  })
}
