import { letterStates } from '../dead-letters/letter.ts'
import { presentWhole } from '../dead-letters/presentation.ts'
import { findDeadLetter, listDeadLetters } from '../dead-letters/queries.ts'
import { idForm } from '../dead-letters/requests.ts'
import { type Command, CommandError, oneOf, table, wholeNumber, withDatabase } from './command.ts'
import { codes, discardCommand, replayCommand, withDesk } from './dead-letters-deal.ts'
import { describeLetter } from './letter-text.ts'

const limitMax = 1000
const limitDefault = 20

const list: Command = {
  name: 'dead-letters list',
  summary: 'list Kafka messages that could not be taken in, newest first',
  options: {
    limit: { value: 'N', meaning: `how many, at most ${limitMax} (${limitDefault})` },
    code: { value: 'CODE', meaning: 'only those with this reason, like ORDER_INVALID' },
    topic: { value: 'TOPIC', meaning: 'only those that came by this topic' },
    state: { value: 'STATE', meaning: `only those that are ${letterStates.join(', ')}` },
  },
  run(context, values) {
    const limit = wholeNumber(values, 'limit', limitDefault, 1, limitMax)
    const code = oneOf(values, 'code', codes)
    const state = oneOf(values, 'state', letterStates)
    const topic = typeof values.topic === 'string' ? values.topic : undefined
    return withDatabase(context, async (_, pool) => {
      const { letters } = await listDeadLetters(pool, { code, state, topic }, limit)
      // What strangers sent, recipients' data among it, is printed only for programs that ask for it.
      const rows = letters.map(letter => [
        letter.id,
        letter.state,
        letter.recorded_at,
        `${letter.topic}/${letter.partition}/${letter.offset}`,
        letter.code,
        letter.detail,
      ])
      const headings = ['ID', 'STATE', 'RECORDED', 'ORIGIN', 'CODE', 'DETAIL']
      return { text: letters.length === 0 ? 'no dead letters' : table(headings, rows), json: letters }
    })
  },
}

const show: Command = {
  name: 'dead-letters show',
  summary: 'show a dead letter: its value, every violation, and what was tried',
  operand: 'ID',
  options: {},
  run: (context, _, id) =>
    withDesk(context, async (desk, pool) => {
      const found = idForm.test(id) ? await findDeadLetter(pool, id) : undefined
      if (found === undefined) throw new CommandError(`no dead letter has the id ${id}`)
      const violations = desk.check(found.letter.code, found.value)
      return { text: describeLetter(found, violations), json: JSON.parse(presentWhole(found, violations)) }
    }),
}

export const deadLetterCommands: readonly Command[] = [list, show, replayCommand, discardCommand]
