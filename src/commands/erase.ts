import { beginErasure, continueErasure } from '../customers/erase.ts'
import type { Erasure } from '../customers/erasure-queries.ts'
import { notReached } from '../customers/reach.ts'
import { presentErasure } from '../customers/presentation.ts'
import { modules } from '../modules.ts'
import { DatabaseClock } from '../platform/database-clock.ts'
import { type Command, CommandError, type Context, required, table, UsageError, withDatabase } from './command.ts'
import { confirm, yesOption } from './confirm.ts'

const textCharactersMax = { customer: 1_000, reason: 500, actor: 200 }

export const eraseCommand: Command = {
  name: 'erase',
  summary: 'erase the recipients of a customer: names, addresses, phone numbers and emails',
  options: {
    customer: { value: 'ID', meaning: 'the customer_id of the orders' },
    reason: { value: 'TEXT', meaning: 'why, for the history of the orders' },
    actor: { value: 'WHO', meaning: 'who asks for it (command line)' },
    yes: yesOption,
  },
  async run(context, values) {
    const asked = {
      customerId: checked('customer', required(values, 'customer')),
      reason: checked('reason', String(values.reason ?? '')),
      actor: checked('actor', String(values.actor ?? 'command line')),
    }
    await confirm(`this erases the recipients of the customer "${asked.customerId}"`, values, context.stop)
    const erasure = await erase(context, asked)
    const unreached = notReached(modules, context.config.kafka === undefined ? undefined : context.config.value)
    return { text: describe(erasure, unreached), json: presentErasure(erasure, unreached) }
  },
}

function checked(name: keyof typeof textCharactersMax, text: string): string {
  if (text.length <= textCharactersMax[name] && !text.includes('\0')) return text
  throw new UsageError(`--${name} must have at most ${textCharactersMax[name]} characters`)
}

function erase(context: Context, asked: { customerId: string; reason: string; actor: string }): Promise<Erasure> {
  return withDatabase(context, async (_, pool) => {
    const clock = new DatabaseClock()
    await clock.look(pool)
    const options = { pool, modules, now: () => clock.now() }
    const begun = await beginErasure(options, asked)
    const mayGoOn = () => !context.stop.aborted
    const erasure = await continueErasure(options, begun, mayGoOn, ({ step, counts }) => {
      if (step !== undefined) context.progress(`${step}: ${(counts[step] ?? 0).toLocaleString('en')} erased`)
    })
    if (erasure.step === undefined) return erasure
    throw new CommandError('interrupted; the same command, or a running service, goes on with it')
  })
}

function describe({ customerId, counts }: Erasure, unreached: readonly string[]): string {
  const rows = Object.entries(counts).map(([name, erased]) => [name, erased.toLocaleString('en')])
  return [
    `the recipients of the customer "${customerId}" are erased`,
    table(['WHERE', 'ERASED'], rows),
    'Not reached:',
    ...unreached.map(place => `- ${place}`),
  ].join('\n')
}
