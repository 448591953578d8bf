import type { StatusChangePart } from '../orders/status-change-part.ts'
import type { Statement } from '../platform/round-trip.ts'

/** Which parts are told that payments have confirmed orders: some have to be asked by statements, which are sent with others. */
export type ToldParts = Readonly<{
  questions: readonly Statement<boolean>[]
  /** @param answers to the questions */
  by(answers: readonly unknown[]): readonly StatusChangePart[]
}>

export function toldParts(parts: readonly StatusChangePart[], orderUids: readonly string[]): ToldParts {
  const asked = parts.map(part => ({ part, question: part.concernsConfirmation?.(orderUids) ?? true }))
  return {
    questions: asked.flatMap(({ question }) => (typeof question === 'boolean' ? [] : question)),
    by(answers) {
      const inTurn = answers.values()
      return asked.flatMap(({ part, question }) =>
        (typeof question === 'boolean' ? question : inTurn.next().value === true) ? part : [],
      )
    },
  }
}
