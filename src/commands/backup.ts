import { bringUpToDate } from '../database.ts'
import { continueLog } from '../events/restored.ts'
import { type Command, withDatabase } from './command.ts'

/** How long a database that does not answer is waited for: it may be starting beside us. */
const patienceMs = 5_000

const restored: Command = {
  name: 'db-restored',
  summary: 'after a restore: let the event log go on behind everything that was handed out of it before',
  options: {},
  run: context =>
    withDatabase(context, async ({ address, description }) => {
      await bringUpToDate(address, context.log, patienceMs, context.stop)
      await continueLog(address)
      const text = `database: ${description}\nthe event log goes on behind everything that was handed out of it before`
      return { text, json: { continued: true } }
    }),
}

export const backupCommands: readonly Command[] = [restored]
