import { presentWhole } from '../dead-letters/presentation.ts'
import { findDeadLetter, listDeadLetters } from '../dead-letters/queries.ts'
import { idForm } from '../dead-letters/requests.ts'
import { deadLetterStates } from '../dead-letters/views.ts'
import { type Command, CommandError, oneOf, table, wholeNumber, withDatabase } from './command.ts'
import { describeDeadLetter } from './dead-letter-text.ts'
import { codes, discardCommand, replayCommand, withDeadLetterCommands } from './dead-letters-resolve.ts'

const limitMax = 1000
const limitDefault = 20

const list: Command = {
  name: 'dead-letters list',
  summary: 'list Kafka messages that could not be processed, newest first',
  options: {
    limit: { value: 'N', meaning: `how many, at most ${limitMax} (${limitDefault})` },
    code: { value: 'CODE', meaning: 'only those with this reason, like ORDER_INVALID' },
    topic: { value: 'TOPIC', meaning: 'only those that came by this topic' },
    state: { value: 'STATE', meaning: `only those that are ${deadLetterStates.join(', ')}` },
  },
  run(context, values) {
    const limit = wholeNumber(values, 'limit', limitDefault, 1, limitMax)
    const code = oneOf(values, 'code', codes)
    const state = oneOf(values, 'state', deadLetterStates)
    const topic = typeof values.topic === 'string' ? values.topic : undefined
    return withDatabase(context, async (_, pool) => {
      const { deadLetters } = await listDeadLetters(pool, { code, state, topic }, limit)
      // Foreign text, recipients' data included, is printed only for programs that ask for it.
      const rows = deadLetters.map(deadLetter => [
        deadLetter.id,
        deadLetter.state,
        deadLetter.recorded_at,
        `${deadLetter.topic}/${deadLetter.partition}/${deadLetter.offset}`,
        deadLetter.code,
        deadLetter.detail,
      ])
      const headings = ['ID', 'STATE', 'RECORDED', 'ORIGIN', 'CODE', 'DETAIL']
      return { text: deadLetters.length === 0 ? 'no dead letters' : table(headings, rows), json: deadLetters }
    })
  },
}

const show: Command = {
  name: 'dead-letters show',
  summary: 'show a dead letter: its value, every violation, and its attempts',
  operand: 'ID',
  options: {},
  run: (context, _, id) =>
    withDeadLetterCommands(context, async (commands, pool) => {
      const found = idForm.test(id) ? await findDeadLetter(pool, id) : undefined
      if (found === undefined) throw new CommandError(`no dead letter has the id ${id}`)
      const violations = commands.check(found.deadLetter.code, found.value)
      return { text: describeDeadLetter(found, violations), json: JSON.parse(presentWhole(found, violations)) }
    }),
}

export const deadLetterCommands: readonly Command[] = [list, show, replayCommand, discardCommand]
