import { createHash } from 'node:crypto'
import type { Client } from 'pg'
import { transferBytes } from '../ledger/transfer-sql.ts'
import { paymentBytes } from '../payments/payment-sql.ts'
import type { PostgresAddress } from '../platform/postgres.ts'
import type { Unnamed } from './comparison-sql.ts'
import { seeFees } from './fees-pass.ts'
import { LineFees } from './line-fees.ts'
import { addLines, addPayouts, addRows, addUnnamed, createTables } from './lines.ts'
import { eachPage } from './pages.ts'
import { seePayments } from './payments-pass.ts'
import { collectPayouts } from './payout-sums.ts'
import { feesBooked, namedOtherwise, ofOnePayment, repeats, unplain } from './plain-sql.ts'
import { type NumberedLine, readSettlements, type SettlementFile } from './reader.ts'
import { RowSet } from './row-set.ts'
import { type Seen, SeenLines } from './seen-lines.ts'
import { isOfPayment, type Period } from './settlement.ts'
import { isPassShorter } from './table-pass.ts'
import { collectTotals } from './totals.ts'
import { WaitingLines } from './waiting-lines.ts'

/** What a file comes to, whose lines are in tables of the session. */
export type Staged = Readonly<{
  rows: number
  lines: number
  linesOfPayments: number
  /** In which payments are expected to be settled; undefined when the file does not say. */
  period: Period | undefined
  /** Payments that no line names. */
  unnamed: Unnamed
  /** How many lines have a fee that is not booked. */
  unbookedFees: number
  /** By currency, as JSON. */
  totals: string
  /** In hexadecimal digits. */
  fileSha256: string
}>

export type StageOptions = Readonly<{
  address: PostgresAddress
  file: SettlementFile
  provider: string
  /** Undefined: from the first payment of the file to the last. */
  fromMs: number | undefined
  toMs: number | undefined
  /** How long a statement may take. */
  deadlineMs: number
  onProgress(sentence: string): void
}>

const batchLines = 5_000
/** How many payouts are in memory at a time. */
const payoutsMax = 20_000
/** After this many the garbage is collected: by itself the engine lets it grow with what is kept, which is 60 MB of numbers. */
const collectLines = 40_000

/**
 * Brings the lines of the file into tables of the session, sums up what can be summed up while they pass, and finds those that plainly
 * match.
 *
 * @throws SettlementFileError as `readSettlements`
 */
export async function stage(client: Client, options: StageOptions): Promise<Staged> {
  const { file, provider } = options
  await createTables(client)
  const waiting = (await isPassShorter(client, paymentBytes, file.path)) ? new WaitingLines() : undefined
  const sorted: Sorted = { waiting, fees: new LineFees(), unsure: new RowSet() }
  const { firstMs, lastMs, hasSeen, ...read } = await readLines(client, options, sorted)
  const [fromMs, toMs] = [options.fromMs ?? firstMs, options.toMs ?? lastMs]
  const period = fromMs === undefined || toMs === undefined ? undefined : { fromMs, toMs }
  await client.query('analyze settlement_lines (row, kind, line_id, payment_ref, payout); analyze settlement_seen')
  const rest = new RowSet()
  const fees = compareFees(client, options, { fees: sorted.fees, hasSeen, rest })
  const seen = waiting && seeAll(client, options, { waiting, unsure: sorted.unsure, period, before: fees })
  const [unbookedFees, unnamed = 'any'] = await Promise.all([fees, seen])
  await findRest(client, provider, { unsure: sorted.unsure, rest, hasSeen })
  return { ...read, period, unnamed, unbookedFees }
}

type Sorted = {
  /** Keeps the lines that are decided about when their payment comes along; undefined when none will. */
  waiting: WaitingLines | undefined
  fees: LineFees
  /** Lines that the database decides about. */
  unsure: RowSet
}

async function readLines(client: Client, { file, onProgress }: StageOptions, { waiting, fees, unsure }: Sorted) {
  const [seen, totals, dates, hash] = [new SeenLines(), collectTotals(), collectDates(), createHash('sha256')]
  const payouts = collectPayouts()
  let [lines, linesOfPayments, hasSeen] = [0, 0, false]
  const sort = (line: NumberedLine): Seen | undefined => {
    const found = fees.add(line)
    const lineId = found === 'repeated' || (found === 'full' && seen.addLine(line)) ? line.lineId : undefined
    if (!isOfPayment(line.kind)) return lineId === undefined ? undefined : { lineId, paymentRef: undefined }
    linesOfPayments += 1
    const { row, paymentRef } = line
    const added = paymentRef === undefined ? 'unfit' : (waiting?.add(line, paymentRef) ?? 'full')
    if (added !== 'waits') unsure.add(row)
    const isSeen = added === 'repeated' || (added === 'full' && paymentRef !== undefined && seen.addPayment(paymentRef))
    return lineId === undefined && !isSeen ? undefined : { lineId, paymentRef: isSeen ? paymentRef : undefined }
  }
  const store = async (batch: readonly NumberedLine[]) => {
    const repeated = batch.map(sort).filter(one => one !== undefined)
    hasSeen ||= repeated.length > 0
    const added = addLines(client, batch, repeated)
    totals.add(batch)
    dates.add(batch)
    payouts.add(batch)
    if (lines % collectLines > (lines + batch.length) % collectLines) Bun.gc(true)
    lines += batch.length
    await added
    if (payouts.size > payoutsMax) await addPayouts(client, payouts.take())
    onProgress(`${lines} lines read`)
  }
  const rows = await readSettlements(file, store, batchLines, chunk => void hash.update(chunk))
  await addPayouts(client, payouts.take())
  return {
    ...{ rows, lines, linesOfPayments, hasSeen },
    ...{ ...dates.end(), totals: totals.end(), fileSha256: hash.digest('hex') },
  }
}

/** Finds lines whose fee is booked otherwise. @returns how many fees are not booked */
async function compareFees(
  client: Client,
  { address, deadlineMs, file, provider }: StageOptions,
  { fees, hasSeen, rest }: { fees: LineFees; hasSeen: boolean; rest: RowSet },
): Promise<number> {
  let unbooked = 0
  const isPass = !fees.isFull && (await isPassShorter(client, transferBytes, file.path))
  const isSeen = isPass && (await seeFees(address, deadlineMs, { provider, fees }))
  if (isSeen) {
    unbooked = fees.unbooked
    for (const row of fees.differing()) rest.add(row)
    if (!hasSeen) return unbooked
  }
  const statement = feesBooked(isSeen ? 'seen' : 'all')
  await eachPage<{ row: number; lines: number }>(client, statement, [provider], batchLines, async rows => {
    for (const { row, lines } of rows) {
      if (row === 0) unbooked += lines
      else rest.add(row)
    }
  })
  return unbooked
}

/**
 * Shows all payments to the waiting lines.
 *
 * @param before what the session is busy with meanwhile
 * @returns which payments no line names
 */
async function seeAll(
  client: Client,
  { address, deadlineMs, provider }: StageOptions,
  {
    waiting,
    unsure,
    period,
    before,
  }: { waiting: WaitingLines; unsure: RowSet; period: Period | undefined; before: Promise<unknown> },
): Promise<Unnamed> {
  let unnamed: string[] = []
  const flush = async (refsMin: number) => {
    if (unnamed.length < refsMin) return
    await before
    await addUnnamed(client, unnamed)
    unnamed = []
  }
  const hasOdd = await seePayments(address, deadlineMs, { provider, lines: waiting, period }, async refs => {
    for (const ref of refs) unnamed.push(ref)
    await flush(batchLines)
  })
  await flush(1)
  for (const rows of waiting.unmatchedRows(batchLines)) for (const row of rows) unsure.add(row)
  return hasOdd ? 'listed or odd' : 'listed'
}

/** Notes the lines that do not plainly match. @param rest those that are known already */
async function findRest(
  client: Client,
  provider: string,
  { unsure, rest, hasSeen }: { unsure: RowSet; rest: RowSet; hasSeen: boolean },
): Promise<void> {
  const rowsOf = async (statement: string, values: unknown[], use: (row: number) => void) =>
    eachPage<{ row: number }>(client, statement, values, batchLines, async rows => {
      for (const { row } of rows) use(row)
    })
  if (unsure.size > 0) {
    await addRows(client, 'unsure', unsure)
    await rowsOf(unplain, [provider], row => rest.add(row))
  }
  if (hasSeen) {
    const repeated = new RowSet()
    await rowsOf(repeats, [], row => repeated.add(row) && rest.add(row))
    await addRows(client, 'repeats', repeated)
    await rowsOf(ofOnePayment, [], row => rest.add(row))
  }
  await addRows(client, 'rest', rest)
  if (rest.size === 0) return
  const more = new RowSet()
  await rowsOf(namedOtherwise, [provider], row => rest.add(row) && more.add(row))
  await addRows(client, 'rest', more)
}

/** Finds when the first and the last payment were made. */
function collectDates() {
  let [firstMs, lastMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  return {
    add(lines: readonly NumberedLine[]): void {
      for (const { kind, occurredAtMs } of lines) {
        if (kind !== 'payment' || occurredAtMs === undefined) continue
        if (occurredAtMs < firstMs) firstMs = occurredAtMs
        if (occurredAtMs > lastMs) lastMs = occurredAtMs
      }
    },
    /** @returns nothing when no payment has a time */
    end: () => (firstMs > lastMs ? { firstMs: undefined, lastMs: undefined } : { firstMs, lastMs }),
  }
}
