import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { readCompactOrder } from './compact-order.ts'
import { itemsMax, type OrderDocument } from './document.ts'
import { exampleOrder } from './example.ts'
import { readGenerally as readAny } from './validate.ts'

const samples = join(import.meta.dir, '../../test/samples')
const canonical: OrderDocument = JSON.parse(readFileSync(join(samples, 'valid/canonical.json'), 'utf8'))
const read = readCompactOrder

/** What `readGenerally` makes of a text. */
function readGenerally(text: string) {
  const reading = readAny(text)
  return reading.kind === 'order' ? reading.order : undefined
}

function changed(change: (order: OrderDocument) => unknown): string {
  const order = structuredClone(canonical)
  change(order)
  return JSON.stringify(order)
}

/** Rich in what has a meaning in JSON, in expressions and in the contract's forms. */
const character = fc.constantFrom(
  ...'"\\{}[],:0123456789-+.eE aZ@_()é€',
  '\n',
  '\t',
  '\0',
  '\u2028',
  '\u007f',
  '𝒳',
  '"}],"',
  ',"a":1',
)
const text = fc.oneof(
  { arbitrary: fc.stringMatching(/^[\w €.,:[-]{1,64}$/), weight: 20 },
  { arbitrary: fc.string({ maxLength: 70 }), weight: 1 },
  { arbitrary: fc.array(character, { maxLength: 70 }).map(all => all.join('')), weight: 1 },
)
const amount = fc.oneof(
  { arbitrary: fc.nat(), weight: 10 },
  { arbitrary: fc.constantFrom(0, 1, 10 ** 15 - 1, 10 ** 15, Number.MAX_SAFE_INTEGER, -1, 0.5, 1e21), weight: 1 },
)

/** An order whose sums hold, with anything in its texts and numbers. */
const order = fc
  .record({
    texts: fc.array(text, { minLength: 8, maxLength: 8 }),
    numbers: fc.array(amount, { minLength: 4, maxLength: 4 }),
    currency: fc.constantFrom('USD', 'XAD', 'HRK', 'BGN', 'XXX', 'ZZZ'),
    created: fc.constantFrom(
      '2022-12-31T23:59:59Z',
      '2023-01-01T00:59:59+01:00',
      '2026-01-01T00:00:00Z',
      '9999-12-31T23:59:59-00:01',
    ),
    lines: fc.integer({ min: 1, max: 4 }),
    country: fc.constantFrom(undefined, 'DE', 'XK', 'de'),
    discount: fc.constantFrom(undefined, 0, 7, 8, 10 ** 15),
    tax: fc.constantFrom(undefined, 0, 1, 10 ** 15 - 1, Number.MAX_SAFE_INTEGER),
  })
  .map(({ texts, numbers, lines, currency, created, country, discount, tax }) => {
    const [name = '', city = '', rid = '', size = '', locale = '', customer = '', track = '', bank = ''] = texts
    const [price = 0, fee = 0, sku = 0, state = 0] = numbers
    const { delivery, payment, items } = canonical
    const item = {
      ...(items[0] as OrderDocument['items'][number]),
      chrt_id: sku,
      price,
      rid,
      sale: 0,
      size,
      total_price: price,
      status: state,
    }
    const goods = price * lines
    const total = goods + 7 + fee - (discount ?? 0) + (tax ?? 0)
    const money = { bank, delivery_cost: 7, goods_total: goods, custom_fee: fee, amount: total }
    return {
      ...canonical,
      track_number: track,
      delivery: { ...delivery, name, city, country },
      payment: { ...payment, ...money, currency, discount_total: discount, tax_total: tax },
      date_created: created,
      items: Array.from({ length: lines }, () => item),
      locale,
      customer_id: customer,
      sm_id: state,
    }
  })

test('a compact order is read as readGenerally reads it', () => {
  let compact = 0
  fc.assert(
    fc.property(order, value => {
      const written = JSON.stringify(value)
      const found = read(written)
      if (found === undefined) return
      compact += 1
      expect(found).toEqual(readGenerally(written) as never)
    }),
    { numRuns: 3_000 },
  )
  expect(compact).toBeGreaterThan(100)
})

test('a damaged text is not read, or is read as readGenerally reads it', () => {
  const { delivery, payment, ...rest } = exampleOrder('damaged', Date.UTC(2026, 0, 1), Math.random)
  const later = { delivery: { ...delivery, country: 'DE' }, payment: { ...payment, discount_total: 5, tax_total: 5 } }
  const written = JSON.stringify({ ...canonical, ...rest, ...later })
  const place = fc.nat({ max: written.length })
  fc.assert(
    fc.property(place, fc.nat({ max: 3 }), fc.oneof(character, fc.constant('')), (at, removed, inserted) => {
      const damaged = written.slice(0, at) + inserted + written.slice(at + removed)
      const found = read(damaged)
      if (found !== undefined) expect(found).toEqual(readGenerally(damaged) as never)
    }),
    { numRuns: 20_000 },
  )
})

describe('the samples', () => {
  for (const name of readdirSync(join(samples, 'invalid'))) {
    test(`invalid/${name} is left alone`, () => {
      expect(read(readFileSync(join(samples, 'invalid', name), 'utf8'))).toBeUndefined()
    })
  }

  test('every valid sample and example, made compact and in the order of the contract', () => {
    expect(read(JSON.stringify(canonical))).toEqual(readGenerally(JSON.stringify(canonical)) as never)
    for (let count = 0; count < 200; count += 1) {
      const written = JSON.stringify(exampleOrder(`example-${count}`, Date.now(), Math.random))
      expect(read(written)).toEqual(readGenerally(written) as never)
    }
  })
})

describe('left to the general way is', () => {
  const line = canonical.items[0] as OrderDocument['items'][number]
  const cases: Record<string, string> = {
    'a space': JSON.stringify(canonical, undefined, 1),
    'an escape': changed(({ delivery }) => Object.assign(delivery, { name: 'a "quoted" name' })),
    'another order of fields': JSON.stringify(Object.fromEntries(Object.entries(canonical).reverse())),
    'an unknown field': changed(order => Object.assign(order, { remark: 'x' })),
    'an unknown field of a line': changed(order => Object.assign(order.items[0] ?? {}, { remark: 'x' })),
    'a field twice': JSON.stringify(canonical).replace('"entry"', '"entry":"WBIL","entry"'),
    'a negative number': changed(order => Object.assign(order, { sm_id: -1 })),
    'a number with a leading zero': JSON.stringify(canonical).replace('"sm_id":99', '"sm_id":099'),
    'a number as a double': JSON.stringify(canonical).replace('"sm_id":99', '"sm_id":99.0'),
    'a closing bracket in a line': changed(({ items }) => Object.assign(items[0] ?? {}, { name: 'a ] b' })),
    'a text before it': ` ${JSON.stringify(canonical)}`,
    'a text behind it': `${JSON.stringify(canonical)}\n`,
    'no line': changed(order => Object.assign(order, { items: [] })),
  }
  for (const [what, written] of Object.entries(cases)) test(what, () => expect(read(written)).toBeUndefined())

  test('more items than allowed, while the most that are allowed are read', () => {
    const withLines = (count: number) =>
      changed(order => {
        order.items = Array.from({ length: count }, () => line)
        order.payment.goods_total = line.total_price * count
        order.payment.amount = order.payment.goods_total + order.payment.delivery_cost
      })
    expect(read(withLines(itemsMax))?.lines).toHaveLength(itemsMax)
    expect(read(withLines(itemsMax + 1))).toBeUndefined()
  })
})
