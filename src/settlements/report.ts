import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import type { Booked } from './booking.ts'
import type { Differences } from './differences.ts'
import type { Payout } from './payouts.ts'
import type { Result } from './settlement.ts'

/** What reconciling a file came to, as it is kept. */
export type SettlementReport = Readonly<{
  provider: string
  fileName: string
  /** In hexadecimal digits. */
  fileSha256: string
  format: string
  period: { fromMs: number; toMs: number } | undefined
  lines: number
  otherLines: number
  counts: Readonly<Record<Result, number>>
  differences: Differences
  /** By currency, as JSON. */
  totals: string
  payoutsTotal: number
  payoutsWrong: number
  payouts: readonly Payout[]
  booked: Booked
  actor: string
  startedAtMs: number
  finishedAtMs: number
}>

/** How many payouts a report names. */
const payoutsKeptMax = 100

/** Those of a report that do not sum to nothing, or that an earlier file had otherwise. */
export function wrongPayoutsOf(payouts: readonly Payout[]): Payout[] {
  return payouts.filter(({ off, isBookedOtherwise }) => off !== '0' || isBookedOtherwise).slice(0, payoutsKeptMax)
}

/** The same as JSON, with amounts of any length. */
export function wrongPayoutsJson(payouts: readonly Payout[]): string {
  const parts = wrongPayoutsOf(payouts).map(
    ({ payout, currency, lines, linesNet, payoutNet, off, isBookedOtherwise }) => {
      const head = JSON.stringify({ payout, currency, lines }).slice(0, -1)
      return `${head},"lines_net":${linesNet},"payout_net":${payoutNet},"off":${off},"booked_otherwise":${isBookedOtherwise}}`
    },
  )
  return `[${parts.join(',')}]`
}

/**
 * The id of a report. It is made of the file and of what the comparison came to, and not of what was booked: a second run of a file has
 * the same, unless payments have changed in between.
 */
export function reportIdOf(report: SettlementReport): string {
  const { provider, fileSha256, format, period, lines, counts, differences, payoutsWrong, payouts } = report
  const parts = [provider, fileSha256, format, period, lines, counts, differences.digest, payoutsWrong]
  const text = JSON.stringify([...parts, wrongPayoutsOf(payouts)])
  return `rec_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`
}

/** How many characters of a name are kept. */
const nameCharactersMax = 255

/** The name of a file, without its folder. */
export function fileNameOf(path: string): string {
  return basename(path).slice(0, nameCharactersMax)
}
