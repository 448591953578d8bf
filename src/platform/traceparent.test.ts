import { describe, expect, test } from 'bun:test'
import { readTraceparent, traceparentOf } from './traceparent.ts'

const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
const parent = '00f067aa0ba902b7'
const valid = `00-${trace}-${parent}-01`

describe('a traceparent', () => {
  test('that keeps the form is sent on as it is', () => {
    for (const flags of ['00', '01', '03', 'ff']) {
      const header = `00-${trace}-${parent}-${flags}`
      expect(readTraceparent(header)).toBe(header)
    }
    expect(readTraceparent(` ${valid}\t`)).toBe(valid)
  })

  test('of a later version is sent on as version 00, with the one flag that both know', () => {
    expect(readTraceparent(`01-${trace}-${parent}-01`)).toBe(valid)
    expect(readTraceparent(`cc-${trace}-${parent}-fe-what-the-future-brings`)).toBe(`00-${trace}-${parent}-00`)
  })

  test('that is not valid is as good as none', () => {
    const others = [
      null,
      '',
      'x',
      `ff-${trace}-${parent}-01`,
      `00-${trace}-${parent}-01-more`,
      `00-${trace}-${parent}-01-`,
      `01-${trace}-${parent}-01.more`,
      `00-${trace.toUpperCase()}-${parent}-01`,
      `00-${'0'.repeat(32)}-${parent}-01`,
      `00-${trace}-${'0'.repeat(16)}-01`,
      `00-${trace}-${parent}`,
      `00-${trace}-${parent}-1`,
      `0-${trace}-${parent}-01`,
      `00-${trace.slice(1)}-${parent}-01`,
      `00_${trace}_${parent}_01`,
      `${valid}, ${valid}`,
      `${valid}\n${valid}`,
    ]
    expect(others.map(readTraceparent).filter(read => read !== undefined)).toEqual([])
  })

  test('is found among the headers of a message; two of them are none', () => {
    const header = (name: string, value: string | null) => [Buffer.from(name), value && Buffer.from(value)] as const
    const headers = (...all: [string, string | null][]) =>
      all.map(([name, value]) => header(name, value)) as [Buffer, Buffer | null][]
    expect(traceparentOf(headers(['other', 'x'], ['traceparent', valid]))).toBe(valid)
    expect(traceparentOf(headers(['traceparent', valid], ['traceparent', valid]))).toBeUndefined()
    expect(traceparentOf(headers(['traceparent', null]))).toBeUndefined()
    expect(traceparentOf(headers(['Traceparent', valid]))).toBeUndefined()
    expect(traceparentOf([])).toBeUndefined()
  })
})
