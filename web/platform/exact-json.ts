/**
 * Parses JSON and keeps its numbers as text, digit by digit: sums of the ledger may be more than a number holds. A browser that does
 * not tell how a number was written gives it as far as it holds.
 */
export function parseExactly(text: string): unknown {
  return JSON.parse(text, (_: string, value: unknown, written?: { source?: string }) =>
    typeof value === 'number' ? (written?.source ?? BigInt(Math.round(value)).toString()) : value,
  )
}
