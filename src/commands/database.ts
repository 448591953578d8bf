import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { bringUpToDate } from '../database.ts'
import { startEmbeddedPostgres } from '../platform/embedded-postgres/embedded-postgres.ts'
import { findRunningPostgres } from '../platform/embedded-postgres/running.ts'
import { type Command, CommandError, type Context, withDatabase } from './command.ts'
import { confirm, yesOption } from './confirm.ts'

/** How long a database that does not answer is waited for: it may be starting beside us. */
const timeoutMs = 5_000

export const migrateCommand: Command = {
  name: 'migrate',
  summary: "bring the database's tables up to date; sets the service's own database up where there is none",
  options: { 'no-tables': { meaning: 'only set the own database up: to import an export of an older version' } },
  run: (context, values) =>
    withDatabase(
      context,
      async ({ address }) => {
        if (values['no-tables'] === true)
          return { text: 'the database is set up, without tables', json: { applied: [] } }
        const applied = await bringUpToDate(address, context.log, timeoutMs, context.stop)
        const lines = applied.map(name => `applied ${name}`)
        const end = applied.length === 0 ? 'nothing to do: the tables are up to date' : 'the tables are up to date'
        return { text: [...lines, end].join('\n'), json: { applied } }
      },
      { maySetUp: true },
    ),
}

/** What a service writes into DATA_DIR. The folder is the operator's, who may keep other things in it. */
const ours = /^(postgres|socket|postgres\.log(\.1)?|postgres\.new-\d+)$/

export const resetCommand: Command = {
  name: 'db-reset',
  summary: "remove the service's own database with every order in it",
  options: { yes: yesOption },
  async run(context, values) {
    const { dataDir, database } = context.config
    if (database !== undefined) {
      throw new CommandError(
        `DB_HOST is set, so the database is yours (${database.database} on ${database.host}): it is not removed from here`,
      )
    }
    await confirm(`this removes every order in ${dataDir}`, values, context.stop)
    await endLeftServer(context)
    const removed = existsSync(dataDir) ? readdirSync(dataDir).filter(name => ours.test(name)) : []
    for (const name of removed) rmSync(join(dataDir, name), { recursive: true, force: true })
    if (removed.length > 0 && readdirSync(dataDir).length === 0) rmdirSync(dataDir)
    const text = removed.length === 0 ? `there was no database in ${dataDir}` : `the database in ${dataDir} is removed`
    return { text, json: { data_dir: dataDir, removed: removed.length > 0 } }
  },
}

/** Ends a server that a killed service has left; one that a service works with is not touched. */
async function endLeftServer({ config: { dataDir }, log, stop }: Context): Promise<void> {
  const running = await findRunningPostgres(dataDir)
  if (running === undefined) return
  if (running.isOwned) throw new CommandError(`the service is running on ${dataDir}: stop it first`)
  // Taking it over makes sure that nobody else does, and ends it together with what it may have left.
  const server = await startEmbeddedPostgres({ dataDir, log, signal: stop })
  await server.stop()
}
