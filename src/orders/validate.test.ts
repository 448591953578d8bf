import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { currencies } from '../platform/currencies.ts'
import { documentSizeBytesMax, readOrder, violationsMax } from './validate.ts'

const samples = join(import.meta.dir, '../../test/samples')
const read = (path: string) => readFileSync(join(samples, path))
const canonical = JSON.parse(read('valid/canonical.json').toString())

/** Reads the canonical order after a change. */
function readChanged(change: (order: typeof canonical) => unknown) {
  const copy = structuredClone(canonical)
  return readOrder(Buffer.from(JSON.stringify(change(copy) ?? copy)))
}

function pointers(reading: ReturnType<typeof readOrder>): string[] {
  return reading.kind === 'refused' ? reading.violations.map(violation => violation.pointer) : []
}

/** The numbers of a JSON text as they are written. */
function numbersOf(text: string): string[] {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g) ?? []
  return tokens.filter(token => !token.startsWith('"')).sort()
}

describe('an order that keeps the contract', () => {
  for (const name of readdirSync(join(samples, 'valid'))) {
    test(`${name} is read as it was sent`, () => {
      const reading = readOrder(read(`valid/${name}`))
      expect(reading.kind).toBe('order')
      if (reading.kind === 'order') {
        const sent = read(`valid/${name}`).toString()
        expect(JSON.parse(reading.order.json)).toEqual(JSON.parse(sent))
        expect(numbersOf(reading.order.json)).toEqual(numbersOf(sent))
      }
    })
  }

  test('may begin with a byte order mark, which is no part of it', () => {
    for (const text of [JSON.stringify(canonical), JSON.stringify(canonical, null, 2)]) {
      expect(readOrder(Buffer.from(`\ufeff${text}`))).toEqual(readOrder(Buffer.from(text)))
    }
  })

  test('keeps a field named __proto__ as data', () => {
    const text = JSON.stringify(canonical).replace('{', '{"__proto__":{"polluted":true},')
    const reading = readOrder(Buffer.from(text))
    expect(reading.kind === 'order' && reading.order.json).toContain('"__proto__":{"polluted":true}')
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  test('may be created at a leap second and at any offset', () => {
    const reading = readChanged(order => {
      order.date_created = '2017-01-01T00:59:60.25+01:00'
    })
    expect(reading.kind === 'order' && new Date(reading.order.createdAtMs).toISOString()).toBe(
      '2017-01-01T00:00:00.250Z',
    )
  })
})

describe('an order that breaks the contract', () => {
  const expected: Record<string, string> = {
    'amount-as-text': '/payment/amount',
    'amount-does-not-add-up': '/payment/amount',
    'currency-does-not-exist': '/payment/currency',
    'currency-withdrawn': '/payment/currency',
    'currency-without-minor-unit': '/payment/currency',
    'date-before-the-year-1': '/date_created',
    'date-beyond-the-year-9999': '/date_created',
    'field-given-twice': '/locale',
    'integer-written-as-a-double': '/sm_id',
    'minus-zero': '/weight',
    'date-is-not-a-date': '/date_created',
    'discount-does-not-add-up': '/items/0/total_price',
    'email-without-at': '/delivery/email',
    empty: '',
    'fractional-amount': '/payment/amount',
    'goods-total-does-not-add-up': '/payment/goods_total',
    'lone-surrogate': '/delivery/name',
    'negative-amount': '/payment/delivery_cost',
    'no-delivery': '/delivery',
    'no-items': '/items',
    'not-an-object': '',
    'not-json': '',
    'nul-character': '/delivery/name',
    'number-past-2-53': '/sm_id',
    'sale-over-100': '/items/0/sale',
    'unknown-number-rounded': '/weight',
    'unknown-number-too-small': '/weight',
    'uid-empty': '/order_uid',
    'uid-with-slash': '/order_uid',
  }

  test('every bad sample has its expectation here', () => {
    expect(readdirSync(join(samples, 'invalid')).map(name => name.replace('.json', ''))).toEqual(
      expect.arrayContaining(Object.keys(expected)),
    )
    expect(readdirSync(join(samples, 'invalid'))).toHaveLength(Object.keys(expected).length)
  })

  for (const [name, pointer] of Object.entries(expected)) {
    test(`${name} is refused at "${pointer}"`, () => {
      expect(pointers(readOrder(read(`invalid/${name}.json`)))).toContain(pointer)
    })
  }

  test('has every violation listed, of the schema, the sums, the values and the fields that are ours', () => {
    const reading = readChanged(order => {
      order.order_uid = 'a b'
      order.status = 'completed'
      order.payment = { ...order.payment, amount: 1, currency: 'ABC', bank: 7 }
      order.items[0].total_price = 1
      order.date_created = '2021-02-30T00:00:00Z'
      order.extra = { 'a/b~': '\0' }
      delete order.locale
      delete order.entry
    })
    expect(pointers(reading).sort()).toEqual(
      [
        '/date_created',
        '/entry',
        '/extra/a~1b~0',
        '/items/0/total_price',
        '/locale',
        '/order_uid',
        '/payment/amount',
      ].concat(['/payment/bank', '/payment/currency', '/payment/goods_total', '/status']),
    )
  })

  test('is refused for a number, a NUL or half a surrogate pair in a field that the contract does not know', () => {
    const text = (unknown: string) => Buffer.from(JSON.stringify(canonical).replace('{', `{"extra":${unknown},`))
    for (const bad of ['9007199254740993', '[1e400]', '"\\u0000"', '{"\\ud800":1}']) {
      expect(pointers(readOrder(text(bad)))[0]).toStartWith('/extra')
    }
    expect(readOrder(text('[0.5,-1,"\\u00e9",null]')).kind).toBe('order')
  })

  test('is refused, and quickly, when it is deep, long or not UTF-8', () => {
    const deep = JSON.stringify(canonical).replace('{', `{"deep":${'['.repeat(200_000)}${']'.repeat(200_000)},`)
    expect(pointers(readOrder(Buffer.from(deep)))[0]).toStartWith('/deep')
    expect(pointers(readOrder(Buffer.alloc(documentSizeBytesMax + 1, 0x20)))).toEqual([''])
    expect(pointers(readOrder(Buffer.from([0x22, 0xff, 0x22])))).toEqual([''])
    const many = readChanged(order => {
      order.items = Array(300_000).fill({})
    })
    expect(pointers(many)[0]).toBe('/items')
    expect(pointers(many)).toHaveLength(violationsMax + 1)
  })

  test('is refused for a total that is off by more than 1, exactly, also for the largest amounts', () => {
    const totals = (price: number, total: number) =>
      readChanged(order => {
        order.items[0] = { ...order.items[0], price, sale: 1, total_price: total }
        order.payment = { ...order.payment, delivery_cost: 0, custom_fee: 0, goods_total: total, amount: total }
      })
    expect(totals(9007199254740900, 8917127262193491).kind).toBe('order')
    expect(totals(9007199254740900, 8917127262193492).kind).toBe('order')
    expect(pointers(totals(9007199254740900, 8917127262193493))).toEqual(['/items/0/total_price'])
    expect(totals(101, 101).kind).toBe('refused')
    expect(totals(100, 100).kind).toBe('order')
  })
})

/** Reads the canonical order (goods 317, delivery 1500) compact and in general form, with more in its payment; both say the same. */
function readPayment(more: object): ReturnType<typeof readOrder> {
  const text = JSON.stringify({ ...canonical, payment: { ...canonical.payment, ...more } })
  const [fast, general] = [text, text.replace('{', '{ ')].map(form => readOrder(Buffer.from(form)))
  expect(pointers(fast as never)).toEqual(pointers(general as never))
  if (fast?.kind === 'order') expect(fast).toEqual(general as never)
  return fast as ReturnType<typeof readOrder>
}

describe('discounts and taxes', () => {
  const largest = Number.MAX_SAFE_INTEGER
  test.each([
    [{ discount_total: 0, tax_total: 0 }],
    [{ discount_total: 17, amount: 1800 }],
    [{ tax_total: 83, amount: 1900 }],
    [{ discount_total: 17, tax_total: 100, amount: 1900 }],
    [{ discount_total: 1817, amount: 0 }],
    [{ discount_total: largest, tax_total: largest }],
    [{ delivery_cost: largest, discount_total: 317, amount: largest }],
  ])('%j adds up', more => {
    expect(readPayment(more).kind).toBe('order')
  })

  test.each([
    ['/payment/amount', { discount_total: 1 }],
    ['/payment/amount', { tax_total: 1 }],
    ['/payment/amount', { tax_total: 17, amount: 1817 - 17 }],
    ['/payment/discount_total', { discount_total: 1818, amount: 0 }],
    ['/payment/discount_total', { discount_total: -1, amount: 1818 }],
    ['/payment/discount_total', { discount_total: 0.5 }],
    ['/payment/discount_total', { discount_total: null }],
    ['/payment/tax_total', { tax_total: '0' }],
    ['/payment/tax_total', { tax_total: -1 }],
    ['/payment/tax_total', { tax_total: 1.5 }],
    ['/payment/tax_total', { tax_total: largest + 1, amount: 0 }],
  ])('is refused at %s: %j', (pointer, more) => {
    expect(pointers(readPayment(more))).toContain(pointer)
  })

  test('are summed exactly where a double would round', () => {
    const parts = { delivery_cost: largest, custom_fee: 2, discount_total: 320 }
    expect(readPayment({ ...parts, amount: largest - 1 }).kind).toBe('order')
    for (const amount of [largest, largest - 2]) {
      expect(readPayment({ ...parts, amount })).toMatchObject({
        violations: [{ pointer: '/payment/amount', detail: expect.stringContaining(`, ${largest - 1}`) }],
      })
    }
  })

  test('are integers written in digits alone', () => {
    const text = JSON.stringify({ ...canonical, payment: { ...canonical.payment, tax_total: 0 } })
    expect(pointers(readOrder(Buffer.from(text.replace('"tax_total":0', '"tax_total":0.0'))))).toEqual([
      '/payment/tax_total',
    ])
  })
})

test('the country is one of ISO 3166-1 by its two letters, in a compact document and in any other', () => {
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']
  const accepted = (country: unknown) => {
    const text = JSON.stringify({ ...canonical, delivery: { ...canonical.delivery, country } })
    const [fast, general] = [text, text.replace('{', '{ ')].map(form => readOrder(Buffer.from(form)))
    expect([country, fast?.kind]).toEqual([country, general?.kind])
    if (general?.kind === 'refused') expect(pointers(general)).toEqual(['/delivery/country'])
    return general?.kind === 'order'
  }
  expect(letters.flatMap(one => letters.map(two => one + two)).filter(accepted)).toHaveLength(249)
  expect(['', 'de', 'DEU', 'D', 'Germany', 7, null, ['DE']].filter(accepted)).toEqual([])
})

test('every number of an order that is read is in it as it was written, and every other is named', () => {
  const number = fc.oneof(
    fc.constantFrom(
      '0',
      '-0',
      '1.0',
      '-1',
      '0.10',
      '1e2',
      '1E+2',
      '1e-400',
      '1e400',
      '0.1234567890123456789',
      '1.5e-7',
    ),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.tuple(fc.nat(), fc.stringMatching(/^[0-9]{1,20}$/)).map(([whole, decimals]) => `${whole}.${decimals}`),
  )
  const where = fc.constantFrom('"extra":', '"extra":[1,', '"extra":{"deep":[{"a":')
  let kept = 0
  fc.assert(
    fc.property(where, number, fc.boolean(), (begins, written, isSpaced) => {
      const closes = { '"extra":': '', '"extra":[1,': ']', '"extra":{"deep":[{"a":': '}]}' }[begins] ?? ''
      const text = JSON.stringify(canonical, undefined, isSpaced ? 2 : 0).replace('{', `{${begins}${written}${closes},`)
      const reading = readOrder(Buffer.from(text))
      if (reading.kind === 'refused') return expect(pointers(reading)[0]).toStartWith('/extra')
      kept += 1
      return expect(numbersOf(reading.order.json)).toEqual(numbersOf(text))
    }),
    { numRuns: 2_000 },
  )
  expect(kept).toBeGreaterThan(500)
})

test('every code of three letters is a currency or named, in a compact document and in any other, at any date', () => {
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']
  const codes = letters.flatMap(one => letters.flatMap(two => letters.map(three => one + two + three)))
  const plain = JSON.stringify(canonical)
  const accepted = (code: string, created: string) => {
    const text = plain.replace('"USD"', `"${code}"`).replace(canonical.date_created, created)
    const [fast, general] = [text, text.replace('{', '{ ')].map(form => readOrder(Buffer.from(form)))
    expect([code, fast?.kind]).toEqual([code, general?.kind])
    if (general?.kind === 'refused') expect(pointers(general)).toEqual(['/payment/currency'])
    return fast?.kind === 'order'
  }
  expect(codes.filter(code => accepted(code, '2026-11-28T00:00:00Z'))).toHaveLength(165)
  for (const [code, { withdrawn, untilMs }] of currencies) {
    if (withdrawn === undefined) continue
    expect(accepted(code, new Date(untilMs - 1).toISOString())).toBe(true)
    expect(accepted(code, new Date(untilMs).toISOString())).toBe(false)
  }
})

test('no input whatever makes reading throw, and no order that is read holds what cannot be stored', () => {
  const anyOrder = fc.record({ where: fc.constantFrom(...Object.keys(canonical)), what: fc.jsonValue() })
  fc.assert(
    fc.property(anyOrder, ({ where, what }) => {
      const reading = readChanged(order => {
        order[where] = what
      })
      if (reading.kind === 'order') expect(reading.order.json).not.toContain('\\u0000')
      else expect(reading.violations.length).toBeGreaterThan(0)
    }),
    { numRuns: 500 },
  )
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), bytes => readOrder(bytes).kind === 'refused'))
})
