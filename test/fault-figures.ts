import type { Watched } from './fault-watch.ts'

/** What was tried under a fault, what of it was lost, doubled or never answered, and what the service was like meanwhile. */
export type Figures = { tries: number; lost: number; doubled: number; hung: number } & Watched

const figures = new Map<string, Figures>()

/** Keeps the figures of a fault for the table. */
export function recordFigures(fault: string, counted: Figures): void {
  figures.set(fault, counted)
}

/** Prints the figures of every fault as a table. For afterAll. */
export function printFigures(): void {
  const rows = [...figures].map(([fault, { silenceMs, memoryMiB, ...counts }]) => ({
    fault,
    ...counts,
    'silence ms': Math.round(silenceMs),
    'memory MiB': Math.round(memoryMiB),
  }))
  if (rows.length > 0) console.error(`\n${Bun.inspect.table(rows)}`)
}
