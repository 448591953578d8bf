type Json = Record<string, unknown>

/**
 * A document with schemas in it as others can use it: without `expected`, which is our own keyword for what a violation
 * says. Strict validators refuse keywords that they do not know.
 */
export function withoutOwnKeywords(document: Json): Json {
  const text = JSON.stringify(document, (name, value) =>
    name === 'expected' && typeof value === 'string' ? undefined : value,
  )
  return JSON.parse(text) as Json
}
