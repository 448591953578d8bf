const mistakes = [TypeError, RangeError, SyntaxError, ReferenceError, URIError]

/** Whether an error is one of a program that met a value it was not written for. No outage throws one, but by a fault of a library. */
export function isMistake(error: unknown): boolean {
  return mistakes.some(Mistake => error instanceof Mistake)
}
