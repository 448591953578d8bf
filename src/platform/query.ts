import { AppError, type Violation } from '../errors.ts'
import type { Route } from './http.ts'
import { instantOf } from './instant.ts'

/** Entries on a page: the default, and the maximum. */
const pageSizeDefault = 100
export const pageSizeMax = 1000

/** The parameter `limit` in OpenAPI. @param options the default and the maximum, where they are others than everywhere */
export function limitParameter(description: string, { preset = pageSizeDefault, max = pageSizeMax } = {}) {
  return { description, schema: { type: 'integer', minimum: 1, maximum: max, default: preset } } as const
}

/** The parameter `cursor` in OpenAPI. */
export const cursorParameter = {
  description: 'Where the page begins: taken from a Link header',
  schema: { type: 'string' },
} as const

/** The parameters of a list by pages in OpenAPI. @param entries what it lists: `Payments` */
export function pageParameters(entries: string) {
  return { limit: limitParameter(`${entries} on a page`), cursor: cursorParameter } as const
}

/** The most texts that a parameter takes. */
export const textsMax = 100

/**
 * Reads the query of a request parameter by parameter; `end` reports all violations at once.
 *
 * One rule holds for every parameter of every route: it is known, given once unless it takes several values, and not empty. A mistyped,
 * repeated or empty filter (`?customer_id=`) that was ignored would return everything.
 */
export class QueryReader {
  readonly #given: URLSearchParams
  readonly #violations: Violation[] = []

  /** @param known parameters by name */
  constructor(given: URLSearchParams, known: Readonly<Record<string, unknown>>) {
    this.#given = given
    for (const name of new Set(given.keys())) {
      const values = given.getAll(name)
      if (!Object.hasOwn(known, name)) {
        this.refuse(name, `left out: the parameters are ${Object.keys(known).join(', ')}`)
      } else if (values.length > 1 && !takesSeveral(known[name])) this.refuse(name, 'given once')
      else if (values.includes('')) this.refuse(name, 'given a value, or left out')
    }
  }

  /** @param expected what the parameter must be */
  refuse(name: string, expected: string): void {
    this.#violations.push({ pointer: pointerTo(name), detail: `must be ${expected}` })
  }

  /** The text of a parameter; never an empty one. */
  text(name: string): string | undefined {
    return this.#given.get(name) || undefined
  }

  /** The text of a parameter, refused with the one character that PostgreSQL's texts cannot hold. */
  storableText(name: string): string | undefined {
    const text = this.text(name)
    if (text?.includes('\0')) this.refuse(name, 'without the character U+0000')
    return text
  }

  /**
   * The values of a parameter that takes several: separated by commas, as OpenAPI has it with `explode: false`, or given several
   * times, as some generated clients do anyway.
   */
  list(name: string): string[] | undefined {
    const given = this.#given.getAll(name).filter(text => text !== '')
    return given.length === 0 ? undefined : given.flatMap(text => text.split(','))
  }

  /** The value of a parameter that takes one of some words. */
  word<Word extends string>(name: string, known: readonly Word[]): Word | undefined {
    const text = this.text(name)
    const found = known.find(word => word === text)
    if (text !== undefined && found === undefined) this.refuse(name, `one of ${known.join(', ')}`)
    return found
  }

  /** The value of a parameter that is true or false. */
  flag(name: string): boolean | undefined {
    const text = this.text(name)
    if (text !== undefined && text !== 'true' && text !== 'false') this.refuse(name, 'true or false')
    return text === undefined ? undefined : text === 'true'
  }

  /** The texts of a parameter that takes several, as `storableText` has one. */
  storableTexts(name: string): string[] | undefined {
    const texts = this.list(name)
    if (texts?.some(text => text.includes('\0'))) this.refuse(name, 'without the character U+0000')
    if (texts !== undefined && texts.length > textsMax) this.refuse(name, `at most ${textsMax} values`)
    return texts
  }

  /** The values of a parameter that takes several of some words, each once; those that are none are refused. */
  words<Word extends string>(name: string, known: readonly Word[]): Word[] | undefined {
    const given = this.list(name)
    const words = given?.flatMap(text => known.find(word => word === text) ?? [])
    if (words?.length !== given?.length) this.refuse(name, `of ${known.join(', ')}`)
    return words && [...new Set(words)]
  }

  /** The instant that a parameter names, in milliseconds since 1970. */
  instant(name: string): number | undefined {
    const text = this.text(name)
    const instantMs = text === undefined ? undefined : instantOf(text)
    if (text !== undefined && instantMs === undefined)
      this.refuse(name, 'an RFC 3339 time within the years 0001 to 9999 in UTC, such as 2021-11-26T06:22:19Z')
    return instantMs
  }

  /** The parameter `cursor`. @param decode gives undefined for one that was not made here */
  cursor<Position>(decode: (cursor: string) => Position | undefined): Position | undefined {
    const cursor = this.text('cursor')
    const position = cursor === undefined ? undefined : decode(cursor)
    if (cursor !== undefined && position === undefined) this.refuse('cursor', 'taken from a Link header')
    return position
  }

  /** The parameter `limit`: how many entries a page has at most. @param options as of `limitParameter` */
  limit({ preset = pageSizeDefault, max = pageSizeMax } = {}): number {
    const limit = Number(this.text('limit') ?? preset)
    if (!Number.isInteger(limit) || limit < 1 || limit > max) this.refuse('limit', `a whole number, 1 to ${max}`)
    return limit
  }

  /** @throws AppError REQUEST_INVALID with everything that was refused, if anything was */
  end(): void {
    if (this.#violations.length > 0) throw invalidQuery(this.#violations)
  }
}

/** Whether OpenAPI describes a parameter as a list. */
function takesSeveral(parameter: unknown): boolean {
  const { schema = {} } = parameter as { schema?: { type?: unknown } }
  return schema.type === 'array'
}

/** RFC 6901. */
function pointerTo(name: string): string {
  return `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

export function invalidQuery(violations: readonly Violation[]): AppError {
  return new AppError('REQUEST_INVALID', 'the query is not valid', { violations })
}

/**
 * Makes the handler of a documented route without parameters refuse any query, by the rule of `QueryReader`: `?dry_run=true` must not
 * execute anything.
 *
 * @param route its OpenAPI operation names the parameters; one without an operation is not part of the API, and accepts any query
 */
export function refusingQuery(route: Route, handle: Route['handle']): Route['handle'] {
  if (route.operation === undefined) return handle
  const { parameters = [] } = route.operation as { parameters?: readonly { in?: unknown }[] }
  if (parameters.some(parameter => parameter.in === 'query')) return handle
  return (call, claim) => {
    const { url } = call.request
    if (url.includes('?')) refuseAll(new URL(url).searchParams)
    return handle(call, claim)
  }
}

function refuseAll(given: URLSearchParams): void {
  const violations = [...new Set(given.keys())].map(name => ({
    pointer: pointerTo(name),
    detail: 'must be left out: there are no parameters here',
  }))
  if (violations.length > 0) throw invalidQuery(violations)
}
