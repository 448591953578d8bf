import type { Build } from './builds.ts'
import type { Environment } from './environment.ts'
import type { Findings } from './figures.ts'

/** The options of every benchmark. Undefined: the benchmark's own default. */
export type BenchmarkContext = {
  environment: Environment
  /** The number of orders, for benchmarks that count orders. */
  orders: number | undefined
  /** The duration, for benchmarks that run for a time. */
  seconds: number | undefined
  /** Where the service leaves profiles of its processor time. */
  profileFolder: string | undefined
  /** A clone of pgledger, which the ledger is compared with. */
  pgledgerFolder: string | undefined
  /** Prints a line of progress. */
  note: (line: string) => void
}

export type Benchmark = {
  name: string
  summary: string
  /** Runs only when it is named: it takes long. */
  isOptional?: boolean
  run(context: BenchmarkContext): Promise<Findings>
  /** Compares this build with another one; undefined: it cannot. */
  compare?(context: BenchmarkContext, other: Build): Promise<Findings>
}
