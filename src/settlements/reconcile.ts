import type { Client } from 'pg'
import type { Logger } from '../platform/log.ts'
import { createPool, endPool, type PostgresAddress, withClient } from '../platform/postgres.ts'
import { type Booked, bookSettlements } from './booking.ts'
import type { ComparedLine } from './compared-line.ts'
import { comparison } from './comparison-sql.ts'
import { collectDifferences } from './differences.ts'
import { eachPage } from './pages.ts'
import { type Payout, readPayouts } from './payouts.ts'
import type { SettlementFile } from './reader.ts'
import { fileNameOf } from './report.ts'
import { type KeptReport, keepReport } from './report-store.ts'
import { type Period, type Result, results } from './settlement.ts'
import { type Staged, stage } from './stage.ts'

/** Comparing millions of lines takes longer than any statement of the service. */
const deadlineMs = 3_600_000
const pageRows = 5_000

export type Reconciliation = Readonly<{
  rows: number
  lines: number
  /** Lines that name no payment, such as fees and payouts. */
  otherLines: number
  /** In which payments are expected to be settled; undefined when the file does not say. */
  period: Period | undefined
  counts: Readonly<Record<Result, number>>
  payouts: readonly Payout[]
  payoutsTotal: number
  payoutsWrong: number
  /** Undefined for a dry run. */
  booked: Booked | undefined
  /** The report that is kept; undefined for a dry run. */
  report: KeptReport | undefined
  /** Whether the file and the books agree. */
  isMatched: boolean
}>

export type ReconcileOptions = Readonly<{
  address: PostgresAddress
  log: Logger
  file: SettlementFile
  provider: string
  /** Undefined: from the first payment of the file to the last. */
  fromMs: number | undefined
  toMs: number | undefined
  isDryRun: boolean
  /** Whether `onLines` gets what is matched too. */
  isWhole: boolean
  /** Who runs it, for the report. */
  actor: string
  /** The time that transfers get. */
  now: () => number
  onLines(lines: readonly ComparedLine[]): Promise<void>
  onProgress(sentence: string): void
}>

/**
 * Compares a settlement file with the payments, and books its fees and payouts. A file is used as a whole or not at all; booking that
 * is cut short is completed by a repetition.
 *
 * @throws SettlementFileError for a file that is not what it must be; the errors of the file system and the database
 */
export function reconcile(options: ReconcileOptions): Promise<Reconciliation> {
  return withClient(options.address, 'orders reconcile', deadlineMs, client => reconcileWith(client, options))
}

async function reconcileWith(client: Client, options: ReconcileOptions): Promise<Reconciliation> {
  const { file, provider, onProgress, now } = options
  const startedAtMs = now()
  // All rows of a cursor are read, and sorted in memory where that is enough; compiling the statement costs more than it saves.
  await client.query(
    "set work_mem = '64MB'; set cursor_tuple_fraction = 1; set jit = off; set default_statistics_target = 10",
  )
  const staged = await stage(client, { ...options, deadlineMs })
  const { rows, lines, linesOfPayments, period, totals, fileSha256 } = staged
  onProgress('comparing')
  const collected = collectDifferences()
  const onLines = async (lines: readonly ComparedLine[]) => {
    collected.add(lines)
    await options.onLines(lines)
  }
  const counts = await compare(client, { ...options, onLines }, staged)
  const { payouts, total, wrong } = await readPayouts(client, provider, file.format.derivesPayouts)
  const differences = results.reduce((sum, result) => sum + (result === 'matched' ? 0 : counts[result]), 0)
  const found = {
    ...{ rows, lines, otherLines: lines - linesOfPayments, period, counts },
    ...{ payouts, payoutsTotal: total, payoutsWrong: wrong },
    isMatched: differences === 0 && wrong === 0,
  }
  if (options.isDryRun) return { ...found, booked: undefined, report: undefined }
  const booked = await book(client, options, staged)
  const report = await keepReport(client, {
    ...{ provider, actor: options.actor, fileName: fileNameOf(file.path), fileSha256, format: file.format.name },
    ...{ ...found, booked, totals, differences: collected.end(), startedAtMs, finishedAtMs: now() },
  })
  return { ...found, booked, report }
}

type ComparedRow = ComparedLine & { part: number }

async function compare(
  client: Client,
  { provider, isWhole, onLines }: ReconcileOptions,
  { period, linesOfPayments, unnamed }: Staged,
): Promise<Record<Result, number>> {
  const counts = Object.fromEntries(results.map(result => [result, 0])) as Record<Result, number>
  const [from, to] = period === undefined ? [null, null] : [new Date(period.fromMs), new Date(period.toMs)]
  await eachPage<ComparedRow>(client, comparison(isWhole, unnamed), [provider, from, to], pageRows, async rows => {
    for (const { result, amount } of rows.filter(({ part }) => part === 0)) counts[result] += Number(amount)
    await onLines(rows.filter(({ part }) => part !== 0).map(({ part: _, ...line }) => line))
  })
  const { missing_there: _, ...ofLines } = counts
  // All other lines were set aside, since they match.
  counts.matched += linesOfPayments - Object.values(ofLines).reduce((sum, count) => sum + count, 0)
  return counts
}

async function book(
  client: Client,
  { address, log, provider, file, now, onProgress }: ReconcileOptions,
  { unbookedFees }: Staged,
): Promise<Booked> {
  const pool = createPool(address, { connectionsMax: 2, name: 'orders reconcile', log })
  try {
    return await bookSettlements(client, pool, {
      ...{ provider, derives: file.format.derivesPayouts, recordedAt: new Date(now()), hasFees: unbookedFees > 0 },
      onBooked: transfers => onProgress(`${transfers} transfers booked`),
    })
  } finally {
    await endPool(pool)
  }
}
