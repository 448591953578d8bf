import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { fateOfNumber } from './json-numbers.ts'
import { checkJsonText } from './json-text.ts'

const check = (text: string) => checkJsonText(text, JSON.parse(text))
const faults = (text: string) => check(text).violations.map(({ pointer, detail }) => `${pointer} ${detail}`)

describe('a number', () => {
  test.each([
    ['same text', '0 1 -1 0.1 -0.5 9007199254740991 -9007199254740991 0.30000000000000004 5e-324 1e-7 1.5e-10'],
    ['same number', '1.0 0.0 0e5 0.10 1e2 1E2 1.50e+3 100e-2 0.000001e6 1e-07 9.007199254740991e15'],
    ['negative zero', '-0 -0.0 -0e5 -0.000'],
    ['too large', '9007199254740992 -9007199254740993 1e16 1e308 1e309 1e400 -1e999999999'],
    ['rounded', '0.1234567890123456789 1e-400 -1e-400 4e-324 123456789012345.123 1.00000000000000000001 0.1e-999999'],
  ])('is %s: %s', (fate, texts) => {
    for (const text of texts.split(' ')) expect([text, fateOfNumber(text)]).toEqual([text, fate as never])
  })

  /** Numerator and denominator, by exact arithmetic. */
  function fraction(text: string): [bigint, bigint] {
    const [mantissa = '', power = '0'] = text.toLowerCase().split('e')
    const [whole = '', decimals = ''] = mantissa.split('.')
    const shift = Number(power) - decimals.length
    const digits = BigInt(whole + decimals)
    return shift >= 0 ? [digits * 10n ** BigInt(shift), 1n] : [digits, 10n ** BigInt(-shift)]
  }

  test('is kept if and only if the double nearest to it is written with its very value', () => {
    const digits = (max: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${max}}$`))
    const number = fc
      .record({
        sign: fc.constantFrom('', '-'),
        whole: fc.oneof(
          fc.constant('0'),
          digits(18).map(text => text.replace(/^0+(?=.)/, '')),
        ),
        decimals: fc.option(digits(22), { nil: undefined }),
        power: fc.option(fc.integer({ min: -340, max: 25 }), { nil: undefined }),
      })
      .map(({ sign, whole, decimals, power }) => {
        return `${sign}${whole}${decimals === undefined ? '' : `.${decimals}`}${power === undefined ? '' : `e${power}`}`
      })
    fc.assert(
      fc.property(number, text => {
        const value = Number(text)
        const [a, b] = fraction(text.replace(/^-/, ''))
        const isZero = a === 0n
        const [c, d] = Math.abs(value) > Number.MAX_SAFE_INTEGER ? [0n, 1n] : fraction(String(Math.abs(value)))
        const expected =
          isZero && text.startsWith('-')
            ? 'negative zero'
            : Math.abs(value) > Number.MAX_SAFE_INTEGER
              ? 'too large'
              : a * d !== b * c
                ? 'rounded'
                : String(value) === text
                  ? 'same text'
                  : 'same number'
        expect([text, fateOfNumber(text)]).toEqual([text, expected])
      }),
      { numRuns: 5_000 },
    )
  })
})

test('each fault is named with its place, and a field given twice once', () => {
  expect(faults('{"a":1,"b":[0,{"c":-0,"c":1e-400,"c":0.5}],"~/":1e400,"a":{"a":1}}')).toEqual([
    '/b/1/c must not be -0, which most readers take for 0',
    '/b/1/c must be given once',
    '/b/1/c must be a number that a double (IEEE 754) holds without rounding: 15 digits always fit',
    '/~0~1 must be a number within ±(2^53 − 1)',
    '/a must be given once',
  ])
  expect(faults('{"a":1,"\\u0061":2}')).toEqual(['/a must be given once'])
  expect(faults('{"x":"\\u0000","\\ud800":1,"y":"\\\\ud800","z":"\\ud83d\\ude00"}')).toEqual([
    '/x must not hold the character U+0000',
    '/\ufffd must not hold half a surrogate pair',
  ])
  expect(faults('{"__proto__":1,"__proto__":2}')).toEqual(['/__proto__ must be given once'])
  expect(faults('[{"a":1},{"a":1},":",{"\\":\\"":1}]')).toEqual([])
  for (const alone of ['0', '-0.5', '"a:b"', 'null', ' [ ] ', 'true']) expect(faults(alone)).toEqual([])
})

test('nesting is followed for 64 levels', () => {
  expect(faults(`${'['.repeat(64)}${']'.repeat(64)}`)).toEqual([])
  expect(faults(`{"a":${'[{"b":'.repeat(40)}1${'}]'.repeat(40)}}`)[0]).toEndWith('must not nest deeper than 64 levels')
})

/** A JSON text of any form: names that repeat, numbers and texts in every spelling, space anywhere. */
const jsonText = fc.letrec<{ value: string; space: string }>(tie => ({
  space: fc.constantFrom('', '', '', ' ', '\n\t', '\r\n  '),
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(
      '0',
      '-0',
      '1',
      '1.0',
      '-1',
      '0.1',
      '1e2',
      '1E+2',
      '1e-400',
      '1e400',
      '0.1234567890123456789',
      '9007199254740993',
      '12345678901234.5',
    ),
    fc.constantFrom(
      'null',
      'true',
      'false',
      '""',
      '"a"',
      '"1.0"',
      '"\\""',
      '"\\\\"',
      '":"',
      '"\\u0000"',
      '"\\u00e9"',
      '"é𝒳"',
      '"\\ud83d\\ude00"',
      '"\\ud83d"',
      '"{\\"a\\":-0,"',
    ),
    fc
      .array(fc.tuple(tie('space'), tie('value'), tie('space')), { maxLength: 4 })
      .map(all => `[${all.map(parts => parts.join('')).join(',')}]`),
    fc
      .array(
        fc.tuple(
          tie('space'),
          fc.constantFrom('"a"', '"b"', '"\\u0061"', '"a:"', '"1"', '"__proto__"', '"\\\\"'),
          tie('space'),
          fc.constant(':'),
          tie('space'),
          tie('value'),
        ),
        { maxLength: 4 },
      )
      .map(all => `{${all.map(parts => parts.join('')).join(',')}}`),
  ),
})).value

/** The numbers of a text as they are written, in order of the alphabet. */
function numbersOf(text: string): string[] {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g) ?? []
  return tokens.filter(token => !token.startsWith('"')).sort()
}

test('a text without fault comes back number for number, member for member; one with a fault does not', () => {
  let kept = 0
  fc.assert(
    fc.property(jsonText, text => {
      const { violations, asWritten } = check(text)
      if (violations.length > 0) {
        expect(text).toMatch(
          /-0|1e400|1e-400|0\.1234567890123456789|9007199254740993|\\u0000|\\ud83d|"(a|b|a:|1|__proto__|\\u0061|\\\\)"/,
        )
        return
      }
      kept += 1
      const back = asWritten ?? JSON.stringify(JSON.parse(text))
      expect(JSON.parse(back)).toEqual(JSON.parse(text))
      expect(back.replace(/"(?:[^"\\]|\\.)*"/g, '')).not.toMatch(/\s/)
      expect(numbersOf(back)).toEqual(numbersOf(text))
      expect(back.split('":')).toHaveLength(text.replace(/"\s+:/g, '":').split('":').length)
    }),
    { numRuns: 5_000 },
  )
  expect(kept).toBeGreaterThan(1_000)
})

test('the search ends with as many violations as are wanted, and their pointers are bounded', () => {
  const name = 'x'.repeat(400_000)
  const text = `{"${name}":[${'-0,'.repeat(200_000)}0]}`
  const { violations } = checkJsonText(text, JSON.parse(text), { violationsMax: 1001 })
  expect(violations).toHaveLength(1001)
  expect(Math.max(...violations.map(({ pointer }) => pointer.length))).toBeLessThan(400)
})
