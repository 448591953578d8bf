import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { bringUpToDate } from '../database.ts'
import { startEmbeddedPostgres } from '../platform/embedded-postgres/embedded-postgres.ts'
import { findRunningPostgres } from '../platform/embedded-postgres/running.ts'
import { type Command, CommandError, type Context, withDatabase } from './command.ts'
import { confirm, yesOption } from './confirm.ts'

/** How long to wait for a database that does not answer: it may be starting. */
const timeoutMs = 5_000

const migrateCommand: Command = {
  name: 'migrate',
  summary: "bring the database's tables up to date; creates the embedded database where there is none",
  options: {
    'no-tables': {
      meaning: 'create only the embedded database, without tables: to import an export of an older version',
    },
  },
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

/** What a service writes into DATA_DIR. The operator may keep other things in that folder. */
const ours = /^(postgres|socket|postgres\.log(\.1)?|postgres\.new-\d+)$/

const resetCommand: Command = {
  name: 'db-reset',
  summary: 'remove the embedded database with every order in it',
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

/** Stops a server that a killed service has left; one that a service uses is not touched. */
async function endLeftServer({ config: { dataDir }, log, stop }: Context): Promise<void> {
  const running = await findRunningPostgres(dataDir)
  if (running === undefined) return
  if (running.isOwned) throw new CommandError(`the service is running on ${dataDir}: stop it first`)
  // Adopting it makes sure that nobody else does, and stops it together with its orphans.
  const server = await startEmbeddedPostgres({ dataDir, log, signal: stop })
  await server.stop()
}

export const databaseCommands: readonly Command[] = [migrateCommand, resetCommand]
