import { modules } from '../modules.ts'
import { DatabaseClock } from '../platform/database-clock.ts'
import type { Pool } from '../platform/postgres.ts'
import { verifyDatabase } from '../verify.ts'
import { type Command, type Context, type Output, withDatabase } from './command.ts'

/** Two checks at a time: most are read by one process of the database, and a live one has other work. */
const connectionsMax = 2

export const verifyCommand: Command = {
  name: 'verify',
  summary: 'check the guarantees on the database; lists violations, exit code 1 if there are any',
  options: {},
  run: context => withDatabase(context, (_, pool) => verify(context, pool), { connectionsMax }),
}

async function verify(context: Context, pool: Pool): Promise<Output> {
  const clock = new DatabaseClock()
  await clock.look(pool)
  const startedMs = performance.now()
  const { results, remarks } = await verifyDatabase(pool, modules, {
    nowMs: clock.now(),
    value: context.config.value,
    connectionsMax,
    onProgress: context.progress,
  })
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  const width = Math.max(...results.map(({ invariant }) => invariant.length))
  const lines = results.map(({ invariant, says, broken, examples }) =>
    broken === 0
      ? `ok      ${invariant.padEnd(width)}  ${says}`
      : `BROKEN  ${invariant.padEnd(width)}  ${says}: ${broken}, such as ${examples.join(', ')}`,
  )
  return {
    text: [...lines, `${remarks.join('; ')}, in ${seconds} s`].join('\n'),
    json: results,
    isFailure: results.some(result => result.broken > 0),
  }
}
