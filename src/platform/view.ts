import { type Static, type TObject, type TProperties, type TSchema, Type } from 'typebox'

/**
 * The pieces that views are made of. A view is the body of an answer, described once: its TypeBox schema is what OpenAPI shows,
 * and `Static` of it the type that the presenter returns and the page reads. A schema whose title is a name becomes a component
 * of the document by that name.
 */

type Said = Record<string, unknown>

/** A time: RFC 3339, UTC. */
export function time(said: Said = {}) {
  return Type.String({ format: 'date-time', ...said })
}

/** A value or null, as `type: [type, 'null']`: of `anyOf` generators make a type without a name. */
export function nullable<Schema extends TSchema & { type: string }>(schema: Schema, said: Said = {}) {
  return Type.Unsafe<Static<Schema> | null>({ ...schema, type: [schema.type, 'null'], ...said })
}

/** One of some words, or null. They are named in the description: an enum with null in it has no type that generators know. */
export function wordOrNull<Word extends string>(words: readonly Word[], description: string) {
  return Type.Unsafe<Word | null>({
    type: ['string', 'null'],
    description: `${description}. One of ${words.join(', ')}`,
  })
}

/** An array. Its type is read-only, so that presenters can hand on what they must not change. */
export function listOf<Schema extends TSchema>(schema: Schema, said: Said = {}) {
  return Type.Unsafe<readonly Static<Schema>[]>(Type.Array(schema, said))
}

/** An object whose fields all have one schema, by name. */
export function recordOf<Schema extends TSchema>(schema: Schema, said: Said = {}) {
  return Type.Unsafe<Readonly<Record<string, Static<Schema>>>>({
    type: 'object',
    ...said,
    additionalProperties: schema,
  })
}

/** The fields of a view and further ones, as a view of its own name. */
export function extended<Fields extends TProperties, More extends TProperties>(
  view: TObject<Fields>,
  more: More,
  said: Said,
) {
  return Type.Object({ ...view.properties, ...more }, said)
}

/** A rule that an input breaks. */
export const violation = Type.Object(
  {
    pointer: Type.String({ description: 'JSON Pointer to the place; empty for the whole' }),
    detail: Type.String({ description: 'What was expected' }),
  },
  { title: 'Violation', description: 'A rule that an input breaks' },
)

/** Everything that is wrong with an input. */
export const violations = listOf(violation, { description: 'Everything that is wrong with the input' })

/** An error as RFC 9457 has it. */
export const problem = Type.Object(
  {
    type: Type.String({ format: 'uri' }),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String(),
    code: Type.String({ description: 'Stable; for programs' }),
    errors: Type.Optional(violations),
    request_id: Type.String({ description: 'Also in the log' }),
  },
  { title: 'Problem', description: 'RFC 9457' },
)

export type Problem = Static<typeof problem>

const linesEnd = Type.Object({
  complete: Type.Boolean({
    description: 'false: what is missing was not done; code says why, and it may be asked for again',
  }),
  count: Type.Integer({ minimum: 0, description: 'The lines before this one' }),
  code: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String()),
})

/**
 * The last line of every NDJSON answer: whether everything was answered, how many lines stand before it, and the sums of the
 * answer. An answer without it was cut off on its way.
 */
export type LinesEnd = Static<typeof linesEnd>

/**
 * The view of the last line of an NDJSON answer.
 *
 * @param sums what it counts beside all lines
 */
export function endOfLines<Sum extends string = never>(title: string, sums: readonly Sum[] = []) {
  const count = Type.Integer({ minimum: 0 })
  const counts = Object.fromEntries(sums.map(name => [name, count])) as Record<Sum, typeof count>
  return extended(linesEnd, counts, {
    title,
    description: 'The last line; an answer without it was cut off on its way',
  })
}
