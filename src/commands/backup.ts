import { createReadStream, existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { exportState } from '../backup/export.ts'
import type { RowCounts } from '../backup/format.ts'
import { importState } from '../backup/import.ts'
import { ExportReader } from '../backup/reader.ts'
import { exportedTables } from '../backup/tables.ts'
import { bringUpToDate, migrations } from '../database.ts'
import { continueLog } from '../events/restored.ts'
import { modules } from '../modules.ts'
import { listMigrations } from '../platform/migrations.ts'
import { type Command, CommandError, type Output, table, UsageError, withDatabase } from './command.ts'

/** How long to wait for a database that does not answer: it may be starting. */
const timeoutMs = 5_000

/** The operand for standard output, or standard input, in place of a file. */
const standard = '-'

const exporting: Command = {
  name: 'export',
  summary: 'export everything as NDJSON, also while the service runs',
  operand: '[FILE]',
  options: {},
  run(context, values, operand) {
    const file = operand === '' ? standard : operand
    if (file === standard && values.json === true)
      throw new UsageError('--json needs a FILE: the export is on standard output')
    return withDatabase(context, async ({ address }) => {
      const migration = (await listMigrations(migrations)).at(-1) ?? ''
      const onProgress = (rows: number) => context.progress(`${rows.toLocaleString('en')} rows written`)
      const options = { address, tables: exportedTables(modules), migration, onProgress }
      const counts = await withOutput(file, out => exportState({ ...options, out }, context.stop))
      const answer = describeCounts(counts, 'exported')
      // Standard output is the export itself.
      return file === standard ? { ...answer, text: '', remark: answer.text } : answer
    })
  },
}

/** Writes a file completely or not at all, readable by its owner only: it has recipients' data and secrets. */
async function withOutput<Result>(file: string, work: (out: Writable) => Promise<Result>): Promise<Result> {
  if (file === standard) return work(process.stdout)
  if (existsSync(file)) throw new CommandError(`${file} is there already, and is left alone`)
  const unfinished = `${file}.part`
  const out = (await open(unfinished, 'w', 0o600)).createWriteStream({ flush: true })
  // The writer gets the error as well.
  out.on('error', () => undefined)
  try {
    const result = await work(out)
    await new Promise<void>((resolve, reject) => {
      out.once('error', reject)
      out.end(() => resolve())
    })
    await rename(unfinished, file)
    return result
  } catch (error) {
    out.destroy()
    await rm(unfinished, { force: true })
    throw error
  }
}

const importing: Command = {
  name: 'import',
  summary: 'import an export into an empty database: all of it or nothing',
  operand: '[FILE]',
  options: {},
  run(context, _, operand) {
    const isStandard = operand === '' || operand === standard
    if (isStandard && process.stdin.isTTY) throw new UsageError('a FILE is needed, or an export on standard input')
    if (!isStandard && !existsSync(operand)) throw new CommandError(`there is no file ${operand}`)
    return withDatabase(context, async ({ address }) => {
      const reader = new ExportReader(isStandard ? process.stdin : createReadStream(operand))
      const counts = await importState(
        {
          address,
          reader,
          migrations: await listMigrations(migrations),
          migrate: upTo => bringUpToDate(address, context.log, timeoutMs, context.stop, upTo),
          onProgress: rows => context.progress(`${rows.toLocaleString('en')} rows read`),
        },
        context.stop,
      )
      return { ...describeCounts(counts, 'imported'), remark: 'Run "verify" to check that it all agrees.' }
    })
  },
}

function describeCounts(counts: RowCounts, done: string): Output {
  const rows = Object.entries(counts).map(([name, count]) => [name, count.toLocaleString('en').padStart(12)])
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const text = `${table(['TABLE', '        ROWS'], rows)}\n${all.toLocaleString('en')} rows are ${done}`
  return { text, json: { rows: counts } }
}

const restored: Command = {
  name: 'db-restored',
  summary: 'after a restore: continue the event log after everything that was published before',
  options: {},
  run: context =>
    withDatabase(context, async ({ address }, pool) => {
      // A restore brings its tables: without any this is not the restored database.
      const { rows } = await pool.query("select from pg_class where oid = to_regclass('schema_migrations')")
      if (rows.length === 0) throw new CommandError('this database has no tables, so nothing was restored into it')
      await bringUpToDate(address, context.log, timeoutMs, context.stop)
      await continueLog(address)
      const text = 'the event log continues after everything that was published before'
      return { text, json: { continued: true } }
    }),
}

export const backupCommands: readonly Command[] = [exporting, importing, restored]
