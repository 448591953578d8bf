import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readCommandMessage } from './command-message.ts'
import { documentSizeBytesMax, readOrder, violationsMax } from './validate.ts'

/**
 * What is as large as a document may be takes time that grows with its size alone, and is refused in few words. Each takes some ten
 * milliseconds; one that is gone through again from each of its characters would take minutes.
 */

const canonical = readFileSync(join(import.meta.dir, '../../test/samples/valid/canonical.json'), 'utf8')
const plain = JSON.stringify(JSON.parse(canonical))
const size = 900_000
/** Of a text in a field, of which many are tried. */
const textSize = 300_000
const longestMs = 3_000
const answerBytesMax = 600_000

/** Reads it, in bounded time and words. */
function readInTime(text: string, what: string) {
  const startedMs = performance.now()
  const reading = readOrder(Buffer.from(text))
  expect([what, performance.now() - startedMs < longestMs]).toEqual([what, true])
  if (reading.kind === 'order') return []
  expect(reading.violations.length).toBeLessThanOrEqual(violationsMax + 1)
  expect(JSON.stringify(reading.violations).length).toBeLessThan(answerBytesMax)
  return reading.violations.map(({ pointer }) => pointer)
}

const fillers = [
  '9',
  ' ',
  '+',
  '-',
  '(',
  '@',
  '.',
  'a',
  'A',
  '0',
  ':',
  'é',
  '\\n',
  '\\"',
  '\\\\',
  '\\u0039',
  '+ ',
  '9-',
  '@.',
  '. ',
]

const textFields = new Set([...plain.matchAll(/"(\w+)":"/g)].map(([, name = '']) => name))

test.each([...textFields])(
  'a long text in %s that nearly has its form is refused, or kept, in time',
  name => {
    for (const filler of fillers) {
      const long = filler.repeat(Math.floor(textSize / filler.length))
      for (const value of [`${long}!`, `2021-11-26T06:22:19.${long}!`, long]) {
        readInTime(
          plain.replace(new RegExp(`"${name}":"[^"]*"`), () => `"${name}":"${value}"`),
          `${name} of ${filler}`,
        )
      }
    }
  },
  60_000,
)

const deep = (open: string, close: string) => open.repeat(150_000) + close.repeat(150_000)

test.each([
  ['arrays in arrays', `{"extra":${deep('[', ']')},`, `/extra${'/0'.repeat(63)}`],
  ['objects in objects', `{"extra":${deep('{"a":', '}').replace(':}', ':1}')},`, `/extra${'/a'.repeat(63)}`],
  ['numbers that are none', `{"extra":[${'1e400,'.repeat(150_000)}1],`, '/extra/0'],
  ['numbers that are rounded', `{"extra":[${'0.1234567890123456789,'.repeat(40_000)}1],`, '/extra/0'],
  ['one number of many digits', `{"extra":0.${'1'.repeat(size)},`, '/extra'],
  ['one number of many zeros', `{"extra":0.1${'0'.repeat(size)}1,`, '/extra'],
  ['one number with a long exponent', `{"extra":1e-${'9'.repeat(size)},`, '/extra'],
  ['one field again and again', `{${'"extra":1,'.repeat(90_000)}`, '/extra'],
  [
    'fields given twice',
    `{"extra":{${Array.from({ length: 60_000 }, (_, i) => `"${i % 30_000}":1`).join(',')}},`,
    '/extra/0',
  ],
  ['a long name with bad values', `{"${'x'.repeat(size / 2)}":[${'-0,'.repeat(size / 8)}1],`, `/${'x'.repeat(299)}…`],
  [
    'long names in long names',
    `{${`"${'~'.repeat(10_000)}":{`.repeat(60)}"a":-0${'}'.repeat(60)},`,
    `/${'~0'.repeat(149)}~…`,
  ],
  ['texts that cannot be stored', `{"extra":[${'"\\u0000",'.repeat(90_000)}1],`, '/extra/0'],
  ['items that are none', plain.replace(/"items":.*?\]/, `"items":[${'1,'.repeat(400_000)}1]`), '/items'],
  ['items that are empty', plain.replace(/"items":.*?\]/, `"items":[${'{},'.repeat(300_000)}{}]`), '/items'],
  ['items with brackets', plain.replace(/"items":.*?\]/, `"items":[{${'}'.repeat(size)}]`), ''],
  ['items without an end', plain.replace(/"items":.*?\]/, `"items":[${'{"chrt_id":1,'.repeat(60_000)}`), ''],
  ['quotes without an end', `{"${'\\"'.repeat(size / 2)}`, ''],
])('a megabyte of %s is refused in time, with its place', (what, head, pointer) => {
  const text = head.startsWith('{"order_uid"') ? head : plain.replace('{', () => head)
  expect(text.length).toBeLessThan(documentSizeBytesMax)
  expect(readInTime(text, what)[0]).toBe(pointer)
})

test('a command that is a megabyte of anything is refused in time and in few words', () => {
  const command = (change: string) => `{"command_id":"c","order_uid":"o","command":"hold"${change}}`
  for (const change of [
    `,"reason":"${'x'.repeat(size)}"`,
    `,"reason":"${'\\u0000'.repeat(size / 6)}"`,
    `,"command_id":"${'!'.repeat(size)} "`,
    `,"version":${'1'.repeat(size)}`,
    `,"${'x'.repeat(size)}":1`,
    Array.from({ length: 80_000 }, (_, index) => `,"x${index}":1`).join(''),
    `,"actor":${deep('[', ']')}`,
  ]) {
    const startedMs = performance.now()
    const reading = readCommandMessage(Buffer.from(command(change)))
    expect([change.slice(0, 20), performance.now() - startedMs < longestMs]).toEqual([change.slice(0, 20), true])
    expect(reading.kind).toBe('refused')
    expect(JSON.stringify(reading).length).toBeLessThan(answerBytesMax)
  }
})
