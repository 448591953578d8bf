import { listDeadLetters } from '../dead-letters/queries.ts'
import { catalogue } from '../errors.ts'
import { type Command, table, UsageError, withDatabase } from './command.ts'

const limitMax = 1000
const limitDefault = 20

const codes = Object.entries(catalogue)
  .filter(([, policy]) => policy.consumer === 'dead-letter')
  .map(([code]) => code)

const list: Command = {
  name: 'dead-letters list',
  summary: 'list Kafka messages that could not be taken in, newest first',
  options: {
    limit: { value: 'N', meaning: `how many, at most ${limitMax} (${limitDefault})` },
    code: { value: 'CODE', meaning: 'only those with this reason, like ORDER_INVALID' },
  },
  run(context, values) {
    const limit = values.limit === undefined ? limitDefault : Number(values.limit)
    if (!Number.isInteger(limit) || limit < 1 || limit > limitMax) {
      throw new UsageError(`--limit must be a whole number from 1 to ${limitMax}, and is "${values.limit}"`)
    }
    const code = typeof values.code === 'string' ? values.code : undefined
    if (code !== undefined && !codes.includes(code)) {
      throw new UsageError(`--code must be one of ${codes.join(', ')}, and is "${code}"`)
    }
    return withDatabase(context, async (_, pool) => {
      const { letters } = await listDeadLetters(pool, { code }, limit)
      // What strangers sent, recipients' data among it, is printed only for programs that ask for it.
      const rows = letters.map(letter => [
        letter.id,
        letter.recorded_at,
        `${letter.topic}/${letter.partition}/${letter.offset}`,
        letter.code,
        letter.detail,
      ])
      const text =
        letters.length === 0 ? 'no dead letters' : table(['ID', 'RECORDED', 'ORIGIN', 'CODE', 'DETAIL'], rows)
      return { text, json: letters }
    })
  },
}

export const deadLetterCommands: readonly Command[] = [list]
