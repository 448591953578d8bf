const mistakes = [TypeError, RangeError, SyntaxError, ReferenceError, URIError]

/** Whether an error is a bug: code that met a value it was not written for. An outage throws none, unless a library has a bug. */
export function isMistake(error: unknown): boolean {
  return mistakes.some(Mistake => error instanceof Mistake)
}
