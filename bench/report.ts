import { type Bound, type Figure, type Findings, gradeOf, ratioOf, type Unit } from './figures.ts'
import type { Machine } from './machine.ts'

/** The outcome of a benchmark: its results, or why it failed. */
export type Result = { benchmark: string; durationSeconds: number } & (Findings | { failure: string })

const headings = ['benchmark', 'measured', 'value', 'compared with', 'value', 'ratio', 'must', 'aim', 'result']
const isNumber = [false, false, true, false, true, true, false, false, false]

/** The results as a table for a person, with the machine above and the notes below. */
export function renderTable(machine: Machine, results: readonly Result[]): string {
  const rows = results.flatMap(result =>
    'failure' in result
      ? [[result.benchmark, 'NOT MEASURED, see below', '', '', '', '', '', '', '']]
      : result.figures.map(figure => rowOf(result.benchmark, figure)),
  )
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map(row => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (isNumber[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  const notes = results.flatMap(result =>
    'failure' in result ? [`${result.benchmark}: NOT MEASURED: ${result.failure}`] : namedNotes(result),
  )
  const rule = widths.map(width => '─'.repeat(width)).join('──')
  return [...describeMachine(machine), '', line(headings), rule, ...rows.map(line), '', ...notes, ''].join('\n')
}

/** The same for a program. */
export function renderJson(machine: Machine, results: readonly Result[]): string {
  const withVerdicts = results.map(result =>
    'failure' in result
      ? result
      : {
          ...result,
          figures: result.figures.map(figure => ({ ...figure, ratio: ratioOf(figure), result: gradeOf(figure) })),
        },
  )
  return `${JSON.stringify({ machine, results: withVerdicts }, null, 2)}\n`
}

function describeMachine(machine: Machine): string[] {
  return [
    `${machine.processor}, ${machine.cores} cores, ${machine.memoryGib.toFixed(1)} GiB; ${machine.system}`,
    `Bun ${machine.bun}, PostgreSQL ${machine.postgres}, Kafka ${machine.kafka}; commit ${machine.commit}; ${machine.startedAt}`,
    'Everything ran on this machine at once: service, database, broker and load. Compare ratios, not figures.',
  ]
}

function namedNotes(result: { benchmark: string } & Findings): string[] {
  return result.notes.map(note => `${result.benchmark}: ${note}`)
}

function rowOf(benchmark: string, figure: Figure): string[] {
  const ratio = ratioOf(figure)
  return [
    benchmark,
    figure.what,
    withUnit(figure.value, figure.unit),
    figure.against?.what ?? '',
    figure.against === undefined ? '' : withUnit(figure.against.value, figure.unit),
    ratio === undefined ? '' : ratio.toFixed(2),
    boundText(figure.must, figure.unit),
    boundText(figure.aim, figure.unit),
    gradeOf(figure),
  ]
}

function boundText(bound: Bound | undefined, unit: Unit): string {
  if (bound === undefined) return ''
  const [sign, number] = 'atLeast' in bound ? ['≥', bound.atLeast] : ['<', bound.atMost]
  return bound.of === 'ratio' ? `${sign} ${number} ×` : `${sign} ${withUnit(number, unit)}`
}

function withUnit(value: number, unit: Unit): string {
  const digits = unit === 's' || (unit === 'µs' && value < 100) || (unit === 'ms' && value < 100) ? 1 : 0
  return `${value.toLocaleString('en', { maximumFractionDigits: value < 2 ? 2 : digits })} ${unit}`
}
