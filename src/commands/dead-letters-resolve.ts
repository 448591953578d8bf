import { readFileSync, statSync } from 'node:fs'
import { buildApp } from '../app.ts'
import type { Resolution } from '../dead-letters/attempts.ts'
import type { DeadLetterCommands } from '../dead-letters/commands.ts'
import { deadLettersApi } from '../dead-letters/module.ts'
import { presentResolution, sumOf } from '../dead-letters/presentation.ts'
import { idForm } from '../dead-letters/requests.ts'
import { AppError, catalogue } from '../errors.ts'
import { Notifier } from '../events/notifier.ts'
import { settleLog } from '../events/restored.ts'
import { DatabaseClock } from '../platform/database-clock.ts'
import type { Pool } from '../platform/postgres.ts'
import {
  type Command,
  CommandError,
  type Context,
  type Output,
  oneOf,
  required,
  UsageError,
  type Values,
  withDatabase,
} from './command.ts'
import { describeRefusal, describeResolution } from './dead-letter-text.ts'

/** The codes that a dead letter can have. */
export const codes = Object.entries(catalogue)
  .filter(([, policy]) => policy.consumer === 'dead-letter')
  .map(([code]) => code)

/** One connection holds the lock of a dead letter while orders are written on others. */
const connectionsMax = 4
const closingDeadlineMs = 5_000

/** A larger value cannot be an order or a command. */
const valueBytesMax = 4 * 1024 * 1024

/** How many of those that were refused again are named for a person, and how many for a program. */
const namedMax = 20
const listedMax = 1_000

const chosen = {
  code: { value: 'CODE', meaning: 'instead of ID: every open one with this reason' },
  topic: { value: 'TOPIC', meaning: 'instead of ID: every open one that came by this topic' },
}
const actor = { value: 'WHO', meaning: 'who asks, for the record (command line)' }

export const replayCommand: Command = {
  name: 'dead-letters replay',
  summary: 'replay a dead letter, or many, oldest first; exit code 1 if one is refused again',
  operand: '[ID]',
  options: {
    ...chosen,
    value: { value: 'FILE', meaning: 'with ID: replay the bytes of this file instead of its own' },
    reason: { value: 'WHY', meaning: 'for the record' },
    actor,
  },
  run(context, values, id) {
    const by = { actor: remark(values, 'actor', 200) ?? 'command line', reason: remark(values, 'reason', 500) ?? '' }
    const filter = readChoice(values, id)
    const file = typeof values.value === 'string' ? values.value : undefined
    if (file !== undefined && id === '') throw new UsageError('--value is for one dead letter: say its ID')
    const edited = file === undefined ? undefined : readValue(file)
    return withDeadLetterCommands(context, async commands =>
      id === ''
        ? resolveMany(commands.replayMany(filter, by), context)
        : reportOne(await commands.replay(id, by, { edited })),
    )
  },
}

export const discardCommand: Command = {
  name: 'dead-letters discard',
  summary: 'discard a dead letter, or many; nothing is removed',
  operand: '[ID]',
  options: { ...chosen, reason: { value: 'WHY', meaning: 'needed: for the record' }, actor },
  run(context, values, id) {
    required(values, 'reason')
    const by = { actor: remark(values, 'actor', 200) ?? 'command line', reason: remark(values, 'reason', 500) ?? '' }
    const filter = readChoice(values, id)
    return withDeadLetterCommands(context, async commands =>
      id === '' ? resolveMany(commands.discardMany(filter, by), context) : reportOne(await commands.discard(id, by)),
    )
  },
}

/** Runs `work` with the commands of dead letters on the database, as a service does on its own. */
export function withDeadLetterCommands<Done>(
  context: Context,
  work: (commands: DeadLetterCommands, pool: Pool) => Promise<Done>,
): Promise<Done> {
  return withDatabase(
    context,
    async ({ address }, pool) => {
      const { log } = context
      await settleLog(address)
      const clock = new DatabaseClock()
      await clock.look(pool)
      const { now } = clock
      // Every module brings the handlers of its topics. Nothing is served from memory here; instances hear of the change from the database.
      const app = buildApp({
        ...{ pool, address, log, now, value: context.config.value, dataDir: context.config.dataDir },
        ...{ basePath: '', probes: {}, settings: [], isLocal: true, logGrown: new Notifier() },
        isStopping: () => false,
        isInStep: () => false,
      })
      try {
        return await work(deadLettersApi.of(app.context).commands, pool)
      } finally {
        await Promise.all(app.running.map(({ drain }) => drain?.(closingDeadlineMs)))
        for (const { close } of app.running) close?.()
      }
    },
    { connectionsMax },
  )
}

/** @throws UsageError unless it is either one dead letter or a choice of many */
function readChoice(values: Values, id: string): { code: string | undefined; topic: string | undefined } {
  const code = oneOf(values, 'code', codes)
  const topic = remark(values, 'topic', 249)
  const isMany = code !== undefined || topic !== undefined
  if (id === '' && !isMany) throw new UsageError('say the ID of a dead letter, or --code or --topic for many')
  if (id !== '' && isMany) throw new UsageError('say either an ID, or --code and --topic')
  if (id !== '' && !idForm.test(id)) throw new UsageError(`an ID is a number, and is "${id}"`)
  return { code, topic }
}

/** @throws UsageError for a text that is too long, or that the database cannot keep */
function remark(values: Values, name: string, charactersMax: number): string | undefined {
  const text = values[name]
  if (typeof text !== 'string') return undefined
  if (text.length <= charactersMax && !text.includes('\0') && text.isWellFormed()) return text
  throw new UsageError(`--${name} has at most ${charactersMax} characters, all of them Unicode text`)
}

function readValue(file: string): Buffer {
  try {
    const { size } = statSync(file)
    if (size <= valueBytesMax) return readFileSync(file)
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${error instanceof Error ? error.message : error}`)
  }
  throw new CommandError(`${file} has more than ${valueBytesMax} bytes`)
}

function reportOne(resolution: Resolution): Output {
  return {
    text: describeResolution(resolution),
    json: presentResolution(resolution),
    isFailure: resolution.outcome === 'refused',
  }
}

/** Resolves batches until none is left, it is interrupted, or it cannot go on; what was resolved until then stays so. */
async function resolveMany(batches: AsyncGenerator<Resolution[]>, { progress, stop }: Context): Promise<Output> {
  const sums = { replayed: 0, refused: 0, discarded: 0 }
  const refusals: Resolution[] = []
  let end: string | undefined
  const summary = () => `${sums.replayed} replayed, ${sums.refused} refused again, ${sums.discarded} discarded`
  try {
    for await (const batch of batches) {
      for (const resolution of batch) sums[sumOf(resolution)] += 1
      const refused = batch.filter(({ outcome }) => outcome === 'refused')
      refusals.push(...refused.slice(0, Math.max(0, listedMax - refusals.length)))
      progress(summary())
      if (stop.aborted) {
        end = 'interrupted; the rest stays open'
        break
      }
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    end = `it stopped after an error: ${error.message}; the rest stays open`
  }
  const more = sums.refused - Math.min(sums.refused, namedMax)
  const lines = [
    summary(),
    ...refusals.slice(0, namedMax).map(describeRefusal),
    ...(more > 0 ? [`  and ${more} more: see "dead-letters list --state open"`] : []),
    ...(end === undefined ? [] : [end]),
  ]
  return {
    text: lines.join('\n'),
    json: { finished: end === undefined, ...sums, refusals: refusals.map(presentResolution) },
    isFailure: end !== undefined || sums.refused > 0,
  }
}
