import { statSync } from 'node:fs'
import { DatabaseClock } from '../platform/database-clock.ts'
import { reasonOf } from '../platform/reason.ts'
import type { ComparedLine } from '../settlements/compared-line.ts'
import { settlementFormats } from '../settlements/formats.ts'
import type { SettlementFile } from '../settlements/reader.ts'
import { type Reconciliation, reconcile } from '../settlements/reconcile.ts'
import { SettlementFileError } from '../settlements/settlement.ts'
import { toInstant } from '../settlements/time.ts'
import { type Command, type Context, oneOf, type Output, UsageError, type Values, withDatabase } from './command.ts'
import { csvOf, describeReconciliation, reconciliationJson } from './reconcile-text.ts'

const formatNames = settlementFormats.map(({ name }) => name)
const separators: Readonly<Record<string, string>> = { comma: ',', semicolon: ';', tab: '\t' }
const decimals = { point: '.', comma: ',' } as const

/** How many differences are listed; a CSV has all of them. */
const listedMax = 1_000

export const reconcileCommand: Command = {
  name: 'reconcile',
  summary: "compare a provider's settlement file with the payments, and book its fees and payouts",
  operand: 'FILE',
  usesNoModule: true,
  options: {
    format: { value: 'FORMAT', meaning: `${formatNames.join(', ')} (own)` },
    provider: { value: 'NAME', meaning: 'whose file it is; needed for own, otherwise that of the format' },
    separator: { value: 'NAME', meaning: `between columns: ${Object.keys(separators).join(', ')} (comma)` },
    decimal: { value: 'NAME', meaning: `before decimals: ${Object.keys(decimals).join(', ')} (point)` },
    from: { value: 'TIME', meaning: 'payments captured from then on are expected in it (its first payment)' },
    to: { value: 'TIME', meaning: 'and until then (its last payment)' },
    actor: { value: 'WHO', meaning: 'who runs it, for the report that is kept (command line)' },
    'dry-run': { meaning: 'book nothing, and keep no report' },
    csv: { meaning: 'print every compared line as CSV' },
  },
  async run(context, values, path) {
    const file = fileOf(values, path)
    const provider = providerOf(values, file)
    const [fromMs, toMs] = [timeOf(values, 'from'), timeOf(values, 'to')]
    const listed: ComparedLine[] = []
    const isCsv = values.csv === true
    if (isCsv && values.json === true) throw new UsageError('--csv and --json are two forms: choose one')
    const csv = isCsv ? csvOf() : undefined
    const onLines = async (lines: readonly ComparedLine[]) => {
      if (csv !== undefined) return csv.write(lines)
      listed.push(...lines.slice(0, listedMax - listed.length))
    }
    const settings = {
      ...{ file, provider, fromMs, toMs, actor: actorOf(values), isDryRun: values['dry-run'] === true },
      ...{ isWhole: isCsv, onLines },
    }
    const found = await runWith(context, settings)
    await csv?.end()
    return outputOf({ ...settings, found, listed, isCsv })
  },
}

type Settings = Pick<
  Parameters<typeof reconcile>[0],
  'file' | 'provider' | 'fromMs' | 'toMs' | 'actor' | 'isDryRun' | 'isWhole' | 'onLines'
>

function runWith(context: Context, settings: Settings): Promise<Reconciliation> {
  return withDatabase(context, async ({ address }, pool) => {
    const clock = new DatabaseClock()
    await clock.look(pool)
    const { log, progress: onProgress } = context
    try {
      return await reconcile({ ...settings, address, log, now: () => clock.now(), onProgress })
    } catch (error) {
      if (error instanceof SettlementFileError) throw new UsageError(`${settings.file.path}: ${error.message}`)
      throw error
    }
  })
}

type Found = Settings & { found: Reconciliation; listed: readonly ComparedLine[]; isCsv: boolean }

function outputOf({ file, provider, found, listed, isCsv }: Found): Output {
  const text = describeReconciliation(provider, found, isCsv ? [] : listed)
  return {
    ...(isCsv ? { text: '', remark: text } : { text }),
    json: reconciliationJson({ file: file.path, format: file.format.name, provider }, found, listed),
    isFailure: !found.isMatched,
  }
}

/** @throws UsageError for a file that cannot be read, and for options that are none */
function fileOf(values: Values, path: string): SettlementFile {
  const name = oneOf(values, 'format', formatNames) ?? 'own'
  const format = settlementFormats.find(known => known.name === name)
  if (format === undefined) throw new UsageError(`there is no format "${name}"`)
  const separator = oneOf(values, 'separator', Object.keys(separators))
  const decimal = oneOf(values, 'decimal', Object.keys(decimals))
  if (decimal !== undefined && format.decimal === undefined) {
    throw new UsageError(`--decimal: amounts of ${name} have no decimals`)
  }
  try {
    if (!statSync(path).isFile()) throw new UsageError(`${path} is no file`)
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`${path} cannot be read: ${reasonOf(error)}`)
  }
  return {
    ...{ path, format },
    separator: separator === undefined ? undefined : separators[separator],
    decimal: decimal === undefined ? undefined : decimals[decimal as keyof typeof decimals],
  }
}

function providerOf(values: Values, { format }: SettlementFile): string {
  const { provider = format.provider } = values
  if (typeof provider !== 'string') throw new UsageError(`--provider is needed for the format ${format.name}`)
  if (/^[a-z0-9_-]{1,64}$/.test(provider)) return provider
  throw new UsageError(`--provider has letters a to z, digits, _ and - only, and is "${provider}"`)
}

function timeOf(values: Values, name: 'from' | 'to'): number | undefined {
  const value = values[name]
  if (typeof value !== 'string') return undefined
  try {
    return toInstant(value)
  } catch {
    throw new UsageError(`--${name} must be a time like 2026-11-28 or 2026-11-28T09:30:00Z, and is "${value}"`)
  }
}

const actorCharactersMax = 200

function actorOf({ actor = 'command line' }: Values): string {
  const text = String(actor).trim()
  if (text !== '' && text.length <= actorCharactersMax && !text.includes('\0')) return text
  throw new UsageError(`--actor must have 1 to ${actorCharactersMax} characters`)
}
