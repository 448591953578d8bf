import type { Environment } from './environment.ts'
import type { Findings } from './figures.ts'

/** What every benchmark is given. What was not asked for is undefined, and the benchmark has its own measure. */
export type BenchmarkContext = {
  environment: Environment
  /** How many orders, for those that count in orders. */
  orders: number | undefined
  /** How long, for those that take a time. */
  seconds: number | undefined
  /** Where the service leaves profiles of its processor time. */
  profileFolder: string | undefined
  /** Takes lines that say what goes on. */
  note: (line: string) => void
}

export type Benchmark = {
  name: string
  summary: string
  /** Runs only when it is named: it takes long. */
  isOptional?: boolean
  run(context: BenchmarkContext): Promise<Findings>
}
