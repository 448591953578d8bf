/**
 * A regular expression made from the schema of an object: it matches the object as compact JSON, with the schema's fields in the
 * schema's order, no others, no escapes, and no negative or huge integers. Optional fields may be left out.
 */
export type CompactForm = {
  source: string
  /** Where the matched value of a field is, by its path in the object: `payment.amount`. */
  groupOf(path: string): number
  /** Checks what the expression alone does not: patterns of texts, and bounds of numbers. */
  holds(found: RegExpExecArray): boolean
}

/** The keywords that schemas of texts and integers may use. Support for others must be added here first. */
const keywords = ['type', 'description', 'expected', 'minLength', 'maxLength', 'pattern', 'minimum', 'maximum']
/** An integer that every double holds exactly. */
const integer = '0|[1-9][0-9]{0,14}'
const integerMax = 10 ** 15 - 1
/** The objects of an array, as a whole. A closing bracket in a text is left to the general way. */
const objects = '\\{[^\\]]*\\}'

type Schema = Record<string, unknown>
type Check = { group: number; holds: (value: string) => boolean }

/**
 * Makes the form of an object.
 *
 * @param wanted paths of the fields to capture; an array's value is the text of its objects
 * @param checkedLater those of them whose pattern the reader checks itself
 * @throws Error for a schema with a keyword that is not supported, and for a path that is none of its fields
 */
export function compactFormOf(
  schema: object,
  wanted: readonly string[],
  checkedLater: readonly string[] = [],
): CompactForm {
  return new SchemaForm(schema, wanted, checkedLater)
}

class SchemaForm implements CompactForm {
  readonly source: string
  readonly #wanted: readonly string[]
  readonly #checkedLater: readonly string[]
  readonly #groups = new Map<string, number>()
  readonly #checks: Check[] = []
  #count = 0

  constructor(schema: object, wanted: readonly string[], checkedLater: readonly string[]) {
    this.#wanted = wanted
    this.#checkedLater = checkedLater
    this.source = this.#sourceOf('', { ...schema })
  }

  groupOf(path: string): number {
    const group = this.#groups.get(path)
    if (group === undefined) throw new Error(`the compact form has no ${path}`)
    return group
  }

  holds(found: RegExpExecArray): boolean {
    for (const { group, holds } of this.#checks) {
      const value = found[group]
      if (value !== undefined && !holds(value)) return false
    }
    return true
  }

  /** The source of a value, in a group of its own if it is wanted or checked. */
  #matched(path: string, source: string, holds?: Check['holds']): string {
    if (holds === undefined && !this.#wanted.includes(path)) return `(?:${source})`
    this.#count += 1
    this.#groups.set(path, this.#count)
    if (holds !== undefined && !this.#checkedLater.includes(path)) this.#checks.push({ group: this.#count, holds })
    return `(${source})`
  }

  #sourceOf(path: string, { type, ...said }: Schema): string {
    if (type === 'object') return this.#fieldsOf(path, said as ObjectSchema)
    if (type === 'array') return `\\[${this.#matched(path, objects)}\\]`
    const unknown = Object.keys(said).find(keyword => !keywords.includes(keyword))
    if (unknown !== undefined) throw new Error(`the compact form of ${path} does not know ${unknown}`)
    return type === 'string' ? `"${this.#matched(path, ...textOf(said))}"` : this.#matched(path, ...integerOf(said))
  }

  #fieldsOf(path: string, { properties, required = [] }: ObjectSchema): string {
    const fields = Object.entries(properties).map(([name, value], index) => {
      const inner = path === '' ? name : `${path}.${name}`
      const source = `${index === 0 ? '' : ','}"${name}":${this.#sourceOf(inner, value)}`
      if (required.includes(name)) return source
      // A comma belongs to the field behind it, so there must be one before.
      if (index === 0) throw new Error(`the first field of an object must be required, and ${name} is optional`)
      return `(?:${source})?`
    })
    return `\\{${fields.join('')}\\}`
  }
}

type ObjectSchema = { properties: Record<string, Schema>; required?: readonly string[] }

type Matched = [source: string, holds?: Check['holds']]

function textOf({ minLength = 0, maxLength = '', pattern }: Schema): Matched {
  const source = `[^"\\\\\\x00-\\x1f]{${minLength},${maxLength}}`
  if (typeof pattern !== 'string') return [source]
  const form = new RegExp(pattern, 'u')
  return [source, value => form.test(value)]
}

function integerOf(said: Schema): Matched {
  const { minimum, maximum } = said as { minimum: number; maximum: number }
  const isBounded = minimum > 0 || maximum < integerMax
  return isBounded ? [integer, value => Number(value) >= minimum && Number(value) <= maximum] : [integer]
}
