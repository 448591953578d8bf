import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { compactFormOf } from './compact-form.ts'

/** Fields that may be left out, first among those behind the first, in the middle and last; and one last name in three objects. */
const amount = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const schema = Type.Object({
  amount,
  note: Type.Optional(Type.String({ maxLength: 5 })),
  delivery: Type.Object({
    name: Type.String({ maxLength: 300 }),
    country: Type.Optional(Type.String({ pattern: '^[A-Z]{2}$' })),
    amount: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  }),
  payment: Type.Object({
    currency: Type.String({ pattern: '^[A-Z]{3}$' }),
    discount_total: Type.Optional(amount),
    amount,
    tax_total: Type.Optional(amount),
  }),
})
const contract = Compile(schema)

const paths = ['amount', 'note', 'delivery.country', 'delivery.amount', 'payment.amount'].concat([
  'payment.discount_total',
  'payment.tax_total',
])
const form = compactFormOf(schema, paths)
const expression = new RegExp(`^${form.source}$`)

/** The values as texts, by the form; undefined where it does not match. */
function readByForm(text: string): (string | undefined)[] | undefined {
  const found = expression.exec(text)
  return found === null || !form.holds(found) ? undefined : paths.map(path => found[form.groupOf(path)])
}

/** The same by a parser and the schema. */
function readGenerally(text: string): (string | undefined)[] | undefined {
  const value: unknown = JSON.parse(text)
  if (!contract.Check(value)) return undefined
  return paths.map(path => {
    const field = path.split('.').reduce<unknown>((inner, name) => (inner as Record<string, unknown>)[name], value)
    return field === undefined ? undefined : String(field)
  })
}

/** Mostly the one that keeps the schema. */
const mostly = <Value>(value: Value, ...others: Value[]) =>
  fc.oneof({ arbitrary: fc.constant(value), weight: 9 }, { arbitrary: fc.constantFrom(...others), weight: 1 })
const whole = fc.oneof(
  { arbitrary: fc.integer({ min: 1, max: 100 }), weight: 19 },
  { arbitrary: fc.constantFrom(0, 101, 10 ** 15 - 1, 10 ** 15, -1), weight: 1 },
)
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined })
const document = fc.record({
  amount: whole,
  note: optional(mostly('short', '', 'longer', 'ü', '"', '{')),
  delivery: fc.record({
    name: mostly('Ada', '', '𝒳', 'a]b', '"', '\n'),
    country: optional(mostly('DE', 'de', 'DEU', '')),
    amount: optional(whole),
  }),
  payment: fc.record({
    currency: mostly('EUR', 'eur', ''),
    discount_total: optional(whole),
    amount: whole,
    tax_total: optional(whole),
  }),
})

test('a form finds each value by its path, also of fields that may be left out, as a parser does', () => {
  let [matched, partial] = [0, 0]
  fc.assert(
    fc.property(document, value => {
      const text = JSON.stringify(value)
      const found = readByForm(text)
      if (found !== undefined) {
        matched += 1
        if (found.includes(undefined)) partial += 1
        expect(found).toEqual(readGenerally(text) as never)
      } else if (!/[\\\]-]|\d{16}/.test(text)) expect(readGenerally(text)).toBeUndefined()
    }),
    { numRuns: 5_000 },
  )
  expect([matched > 500, partial > 250]).toEqual([true, true])
})

test('a text that was damaged matches no form, or is still what a parser reads', () => {
  const text = JSON.stringify({
    amount: 1,
    delivery: { name: 'Ada', country: 'GB', amount: 2 },
    payment: { currency: 'EUR', discount_total: 3, amount: 4, tax_total: 5 },
  })
  const piece = fc.constantFrom('', ',', '"', '0', '9', '{', '}', ':', '"amount":1,', ',"amount":1', '-', ' ')
  fc.assert(
    fc.property(fc.nat({ max: text.length }), fc.nat({ max: 12 }), piece, (at, removed, inserted) => {
      const damaged = text.slice(0, at) + inserted + text.slice(at + removed)
      const found = readByForm(damaged)
      if (found !== undefined) expect(found).toEqual(readGenerally(damaged) as never)
    }),
    { numRuns: 10_000 },
  )
})

test('what no form can say is refused when it is made', () => {
  expect(() => compactFormOf(Type.Object({ a: Type.Optional(amount) }), [])).toThrow('must be required')
  expect(() => compactFormOf(Type.Object({ a: Type.String({ format: 'uri' }) }), [])).toThrow('does not know format')
  expect(() => form.groupOf('payment.fee')).toThrow('no payment.fee')
})
