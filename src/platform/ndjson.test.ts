import { describe, expect, test } from 'bun:test'
import { portionsOf } from './ndjson.ts'

const bounds = { linesMax: 3, bytesMax: 100, lineBytesMax: 20 }
const tooLong = () => new Error('too long')

async function* chunks(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text)
}

async function collect(portions: AsyncGenerator<Uint8Array[]>): Promise<string[][]> {
  const found: string[][] = []
  for await (const portion of portions) found.push(portion.map(line => Buffer.from(line).toString()))
  return found
}

describe('portionsOf', () => {
  test('cuts at line ends, wherever the chunks end, and keeps empty lines', async () => {
    const text = 'one\n\ntwo\r\n\r\nthree\nfour'
    const expected = [
      ['one', '', 'two\r'],
      ['', 'three', 'four'],
    ]
    expect(await collect(portionsOf(chunks(text), bounds, tooLong))).toEqual(expected)
    expect(await collect(portionsOf(chunks(...text), bounds, tooLong))).toEqual(expected)
  })

  test('yields complete lines before one that is too long, and before the stream fails', async () => {
    const seen: string[][] = []
    const read = async (body: AsyncIterable<Uint8Array>) => {
      for await (const portion of portionsOf(body, bounds, tooLong))
        seen.push(portion.map(line => Buffer.from(line).toString()))
    }
    await expect(read(chunks('a\nb\n', 'x'.repeat(21)))).rejects.toThrow('too long')
    async function* broken() {
      yield Buffer.from('c\nd')
      throw new Error('cut')
    }
    await expect(read(broken())).rejects.toThrow('cut')
    expect(seen.flat()).toEqual(['a', 'b', 'c'])
  })

  test('yields the lines that wait when the sender pauses, and then an empty portion', async () => {
    const more = Promise.withResolvers<void>()
    async function* pausing() {
      yield Buffer.from('one\ntwo\nthr')
      await more.promise
      yield Buffer.from('ee\n')
    }
    const portions = portionsOf(pausing(), { ...bounds, pauseMs: 5 }, tooLong)
    const texts = async () => ((await portions.next()).value as Uint8Array[]).map(line => Buffer.from(line).toString())
    expect(await texts()).toEqual(['one', 'two'])
    expect(await texts()).toEqual([])
    more.resolve()
    let rest = await texts()
    while (rest.length === 0) rest = await texts()
    expect(rest[0]).toBe('three')
    await portions.return(undefined)
  })
})
