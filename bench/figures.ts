/** A target. `of` says what must reach it: the figure itself, or its ratio to the baseline. */
export type Bound = { of: 'value' | 'ratio'; atLeast: number } | { of: 'value' | 'ratio'; atMost: number }

export type Unit =
  | 'orders/s'
  | 'requests/s'
  | 'transfers/s'
  | 'lines/s'
  | 'items/s'
  | 'payments/s'
  | 'decisions/s'
  | 'checkouts/s'
  | 'checkpoints/s'
  | 'statements'
  | 'transactions'
  | 'ms'
  | 's'
  | 'MiB'
  | 'µs'

/** One line of the table. */
export type Figure = {
  /** The measured quantity, in a few words. */
  what: string
  value: number
  unit: Unit
  /** The baseline: measured in the same run, in the same unit. */
  against?: { what: string; value: number }
  /** The minimum that must be reached. */
  must?: Bound
  /** The goal. */
  aim?: Bound
}

/** The results of a benchmark: figures, and sentences that explain them. */
export type Findings = { figures: Figure[]; notes: string[] }

export type Grade = 'aim' | 'must' | 'missed' | 'below aim' | ''

/** Returns the figure as a multiple of its baseline; undefined without one. */
export function ratioOf(figure: Figure): number | undefined {
  return figure.against === undefined ? undefined : figure.value / figure.against.value
}

/** Which target a figure reaches; empty when it has none. */
export function gradeOf(figure: Figure): Grade {
  if (figure.must !== undefined && !isReached(figure, figure.must)) return 'missed'
  if (figure.aim === undefined) return figure.must === undefined ? '' : 'must'
  if (isReached(figure, figure.aim)) return 'aim'
  return figure.must === undefined ? 'below aim' : 'must'
}

function isReached(figure: Figure, bound: Bound): boolean {
  const measured = bound.of === 'ratio' ? (ratioOf(figure) ?? Number.NaN) : figure.value
  return 'atLeast' in bound ? measured >= bound.atLeast : measured <= bound.atMost
}

/** The middle one of some numbers, or the mean of the middle two. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2
}

/**
 * The value below which a share of the numbers lies.
 *
 * @param sorted ascending
 * @param share from 0 to 1: 0.99 for p99
 */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** The maximum resident set of the service, with its targets; nothing where the system does not report it. */
export function residentFigures(mib: number | undefined): Figure[] {
  if (mib === undefined) return []
  const bounds = { must: { of: 'value', atMost: 350 }, aim: { of: 'value', atMost: 250 } } as const
  return [{ what: 'resident set, maximum', value: mib, unit: 'MiB', ...bounds }]
}
