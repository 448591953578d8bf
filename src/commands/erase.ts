import { type AskedErasure, beginErasure, continueErasure } from '../customers/erase.ts'
import type { Erasure } from '../customers/erasure-queries.ts'
import type { Whom } from '../whom.ts'
import { orderUidForm } from '../orders/document.ts'
import { notReached } from '../customers/reach.ts'
import { presentErasure } from '../customers/presentation.ts'
import { modules } from '../modules.ts'
import { DatabaseClock } from '../platform/database-clock.ts'
import {
  type Command,
  CommandError,
  type Context,
  required,
  table,
  UsageError,
  type Values,
  withDatabase,
} from './command.ts'
import { confirm, yesOption } from './confirm.ts'

const textCharactersMax = { customer: 1_000, reason: 500, actor: 200 }

export const eraseCommand: Command = {
  name: 'erase',
  summary: 'erase the recipients of a customer or an order: names, addresses, phone numbers and emails',
  options: {
    customer: { value: 'ID', meaning: 'the customer_id of the orders' },
    order: { value: 'UID', meaning: "instead: one order, such as a guest's" },
    reason: { value: 'TEXT', meaning: 'why, for the history of the orders' },
    actor: { value: 'WHO', meaning: 'who asks for it (command line)' },
    yes: yesOption,
  },
  async run(context, values) {
    const asked = {
      whom: whomOf(values),
      reason: checked('reason', String(values.reason ?? '')),
      actor: checked('actor', String(values.actor ?? 'command line')),
    }
    await confirm(`this erases ${recipientsOf(asked.whom)}`, values, context.stop)
    const erasure = await erase(context, asked)
    const unreached = notReached(modules, context.config.kafka === undefined ? undefined : context.config.value)
    return { text: describe(erasure, unreached), json: presentErasure(erasure, unreached) }
  },
}

/** @throws UsageError unless one of --customer and --order is given */
function whomOf(values: Values): Whom {
  if (values.order === undefined)
    return { customerId: checked('customer', required(values, 'customer')), orderUid: undefined }
  if (values.customer !== undefined) throw new UsageError('give --customer or --order, not both')
  const orderUid = required(values, 'order')
  if (!orderUidForm.test(orderUid)) throw new UsageError(`no order can be called "${orderUid}"`)
  return { customerId: undefined, orderUid }
}

function recipientsOf({ customerId, orderUid }: Whom): string {
  return orderUid === undefined
    ? `the recipients of the customer "${customerId}"`
    : `the recipient of the order "${orderUid}"`
}

function checked(name: keyof typeof textCharactersMax, text: string): string {
  if (text.length <= textCharactersMax[name] && !text.includes('\0')) return text
  throw new UsageError(`--${name} must have at most ${textCharactersMax[name]} characters`)
}

function erase(context: Context, asked: AskedErasure): Promise<Erasure> {
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

function describe({ whom, counts }: Erasure, unreached: readonly string[]): string {
  const rows = Object.entries(counts).map(([name, erased]) => [name, erased.toLocaleString('en')])
  return [
    `${recipientsOf(whom)} ${whom.orderUid === undefined ? 'are' : 'is'} erased`,
    table(['WHERE', 'ERASED'], rows),
    'Not reached:',
    ...unreached.map(place => `- ${place}`),
  ].join('\n')
}
