import { expect, test } from 'bun:test'
import { chunked } from './chunks.ts'

const message = (key: string, bytes: number) => ({ key, value: Buffer.alloc(bytes) })
const partitionOf = (key: Buffer | null | undefined) => Number(String(key))

test('a chunk ends where one of its partitions would be too much for a record batch', () => {
  const messages = [message('0', 500_000), message('1', 500_000), message('0', 500_000), message('1', 10)]
  const chunks = [...chunked('t', messages, partitionOf)]
  expect(chunks.map(chunk => chunk.map(({ partition }) => partition))).toEqual([
    [0, 1],
    [0, 1],
  ])
})

test('a message that is too large alone is sent alone, for the broker to judge', () => {
  const chunks = [...chunked('t', [message('0', 10), message('0', 2_000_000), message('0', 10)], partitionOf)]
  expect(chunks.map(chunk => chunk.length)).toEqual([1, 1, 1])
})

test('headers with the same name stay two', () => {
  const headers = [['h', '1'] as const, ['h', null] as const]
  const [chunk] = [...chunked('t', [{ key: '0', value: null, headers }], partitionOf)]
  const map = chunk?.[0]?.headers
  expect(map instanceof Map ? [...map].map(([name, value]) => `${name}=${value}`) : []).toEqual(['h=1', 'h=null'])
})

test('no messages are no chunk', () => {
  expect([...chunked('t', [], partitionOf)]).toEqual([])
})
