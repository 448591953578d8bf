import { expect, test } from 'bun:test'
import { replaceMember } from './json-member.ts'

const cases: readonly [what: string, object: string, expected: string | undefined][] = [
  ['a member in between', '{"a":1,"delivery":{"x":[1,{"y":"}"}]},"b":2}', '{"a":1,"delivery":0,"b":2}'],
  ['the first', '{"delivery":"a,\\"b\\"","b":2}', '{"delivery":0,"b":2}'],
  ['the last', '{"a":1.0,"delivery":1e2}', '{"a":1.0,"delivery":0}'],
  ['one of an inner object stays', '{"a":{"delivery":1},"delivery":[]}', '{"a":{"delivery":1},"delivery":0}'],
  [
    'a text that reads like one stays',
    '{"a":",\\"delivery\\":1","delivery":null}',
    '{"a":",\\"delivery\\":1","delivery":0}',
  ],
  [
    'a value that is called so stays',
    '{"a":"delivery","b":["delivery"],"delivery":7}',
    '{"a":"delivery","b":["delivery"],"delivery":0}',
  ],
  ['none of that name', '{"a":{"delivery":1}}', undefined],
]

for (const [what, object, expected] of cases) {
  test(`a member of a JSON text is replaced: ${what}`, () => {
    expect(replaceMember(object, 'delivery', () => '0')).toBe(expected)
  })
}
