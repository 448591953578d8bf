import { createHash } from 'node:crypto'
import type { ComparedLine } from './compared-line.ts'

/** How many differences a report keeps. They are in memory until they are stored, in one short transaction. */
export const differencesKeptMax = 20_000

export type Differences = Readonly<{
  /** By their rows; payments that no line names stand last. */
  kept: readonly ComparedLine[]
  /** How many more there are. */
  leftOut: number
  /** Made of all of them, in whatever order they came. */
  digest: string
}>

/** Collects what differs among compared lines. @param keptMax how many are kept */
export function collectDifferences(keptMax: number = differencesKeptMax) {
  const kept: ComparedLine[] = []
  const sum = Buffer.alloc(32)
  let leftOut = 0
  return {
    add(lines: readonly ComparedLine[]): void {
      for (const line of lines) {
        if (line.result === 'matched') continue
        if (kept.length < keptMax) kept.push(line)
        else leftOut += 1
        // Lines come in no particular order, and none of them twice.
        const hash = createHash('sha256').update(JSON.stringify(line)).digest()
        for (const [index, byte] of hash.entries()) sum[index] = (sum[index] ?? 0) ^ byte
      }
    },
    end(): Differences {
      return { kept: kept.toSorted(byRow), leftOut, digest: sum.toString('hex') }
    },
  }
}

function byRow(one: ComparedLine, other: ComparedLine): number {
  const rows = (one.row ?? Number.MAX_SAFE_INTEGER) - (other.row ?? Number.MAX_SAFE_INTEGER)
  if (rows !== 0) return rows
  return (one.payment_id ?? '') < (other.payment_id ?? '') ? -1 : 1
}
