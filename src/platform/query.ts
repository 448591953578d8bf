import { AppError, type Violation } from '../errors.ts'

/** A page has so many entries unless asked for otherwise, and at most so many. */
const pageSizeDefault = 100
export const pageSizeMax = 1000

/** The query of a request, read parameter by parameter; everything that is wrong with it is told at once, by `end`. */
export class QueryReader {
  readonly #given: URLSearchParams
  readonly #violations: Violation[] = []

  /** @param known parameters by name: any other is wrong, since a mistyped filter would otherwise return everything */
  constructor(given: URLSearchParams, known: Readonly<Record<string, unknown>>) {
    this.#given = given
    for (const name of new Set(given.keys())) {
      if (!Object.hasOwn(known, name)) {
        this.refuse(name, `left out: the parameters are ${Object.keys(known).join(', ')}`)
      }
    }
  }

  /** @param expected what the parameter must be */
  refuse(name: string, expected: string): void {
    this.#violations.push({ pointer: `/${name}`, detail: `must be ${expected}` })
  }

  /** The text of a parameter, also an empty one. */
  given(name: string): string | undefined {
    return this.#given.get(name) ?? undefined
  }

  /** The text of a parameter; one that is empty counts as not given. */
  text(name: string): string | undefined {
    return this.given(name) || undefined
  }

  /** The same, without the one character that PostgreSQL's texts cannot hold. */
  storableText(name: string): string | undefined {
    const text = this.text(name)
    if (text?.includes('\0')) this.refuse(name, 'without the character U+0000')
    return text
  }

  /** The parameter `limit`: how many entries a page has at most. */
  limit(): number {
    const limit = Number(this.text('limit') ?? pageSizeDefault)
    if (!Number.isInteger(limit) || limit < 1 || limit > pageSizeMax) {
      this.refuse('limit', `a whole number, 1 to ${pageSizeMax}`)
    }
    return limit
  }

  /** @throws AppError REQUEST_INVALID with everything that was refused, if anything was */
  end(): void {
    if (this.#violations.length > 0) throw invalidQuery(this.#violations)
  }
}

export function invalidQuery(violations: readonly Violation[]): AppError {
  return new AppError('REQUEST_INVALID', 'the query is not valid', { violations })
}
