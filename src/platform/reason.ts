/**
 * Describes an error in one line, the innermost cause last; for logs, health and people. An aggregate without a message, such as that
 * of a host with several addresses, is described by its parts.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const isAggregate = error instanceof AggregateError
  if (isAggregate && error.message === '') return error.errors.map(reasonOf).join('; ')
  const inner: unknown = isAggregate ? error.errors[0] : error.cause
  const own = error.message || error.name
  return inner === undefined ? own : `${own}: ${reasonOf(inner)}`
}
