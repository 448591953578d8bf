import { expect, test } from 'bun:test'
import { Reader, readRecordsBatch } from '@platformatic/kafka'
import { Chunk } from './chunks.ts'
import type { OutgoingMessage } from './record-batch.ts'

const message = (key: string, bytes: number) => ({ key, value: Buffer.alloc(bytes) })
const partitionOf = (key: string | Buffer | null) => Number(key)

/** Cuts messages into chunks: of each, the number of messages for each partition. */
function cut(messages: readonly OutgoingMessage[]): Record<number, number>[] {
  const chunk = new Chunk()
  const all: Record<number, number>[] = []
  for (let from = 0; from < messages.length; ) {
    const end = chunk.fill(messages, from, messages.length, partitionOf)
    const batches = chunk.finish(0, () => 0)
    const counts = batches.map(({ partition, records }) => [
      partition,
      readRecordsBatch(Reader.from(records)).records.length,
    ])
    expect(counts.reduce((sum, [, count = 0]) => sum + count, 0)).toBe(end - from)
    all.push(Object.fromEntries(counts))
    from = end
  }
  return all
}

test('a chunk ends where one of its partitions would be too much for a record batch', () => {
  const messages = [message('0', 500_000), message('1', 500_000), message('0', 500_000), message('1', 10)]
  expect(cut(messages)).toEqual([
    { 0: 1, 1: 1 },
    { 0: 1, 1: 1 },
  ])
})

test('a chunk ends where a request would be too much for the broker', () => {
  const messages = Array.from({ length: 20 }, (_, index) => message(`${index}`, 800_000))
  expect(cut(messages).map(counts => Object.keys(counts).length)).toEqual([9, 9, 2])
})

test('a message that is too large by itself goes alone, for the broker to judge', () => {
  expect(cut([message('0', 10), message('0', 2_000_000), message('0', 10)])).toEqual([{ 0: 1 }, { 0: 1 }, { 0: 1 }])
})

test('no messages are no batch', () => {
  const chunk = new Chunk()
  expect(chunk.fill([message('0', 1)], 0, 1, partitionOf)).toBe(1)
  expect(chunk.fill([], 0, 0, partitionOf)).toBe(0)
  expect(chunk.finish(0, () => 0)).toEqual([])
})
