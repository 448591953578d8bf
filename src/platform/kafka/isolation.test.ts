import { describe, expect, test } from 'bun:test'
import { committedBatches, type FetchedBatch, timeOf } from './isolation.ts'

type Kind = 'plain' | 'transactional' | 'abort' | 'commit'
const attributesOf = { plain: 0, transactional: 1 << 4, abort: 0b11 << 4, commit: 0b11 << 4 }

function batch(firstOffset: number, lastOffset: number, producerId: number, kind: Kind): FetchedBatch {
  const marker = Buffer.from([0, 0, 0, kind === 'commit' ? 1 : 0])
  const isMarker = kind === 'abort' || kind === 'commit'
  const record = { length: 0, attributes: 0, timestampDelta: 0n, offsetDelta: 0, headers: [] }
  return {
    firstOffset: BigInt(firstOffset),
    length: 0,
    partitionLeaderEpoch: 0,
    magic: 2,
    crc: 0,
    attributes: attributesOf[kind],
    lastOffsetDelta: lastOffset - firstOffset,
    firstTimestamp: 1000n,
    maxTimestamp: 5000n,
    producerId: kind === 'plain' ? -1n : BigInt(producerId),
    producerEpoch: 0,
    firstSequence: 0,
    records: [{ ...record, key: isMarker ? marker : Buffer.from('k'), value: Buffer.alloc(0) }],
  }
}

/** @param history a batch a line: offsets, producer, kind; aborted: producer@offset. @returns the first offsets that are seen */
function seen(history: string, aborted: string): number[] {
  const batches = history
    .trim()
    .split('\n')
    .map(line => {
      const [offsets = '', producer = '', kind = ''] = line.trim().split(/ +/)
      const [first = 0, last = first] = offsets.split('-').map(Number)
      return batch(first, last, Number(producer), kind as Kind)
    })
  const transactions = aborted
    .split(' ')
    .filter(Boolean)
    .map(text => {
      const [producerId = '', firstOffset = ''] = text.split('@')
      return { producerId: BigInt(producerId), firstOffset: BigInt(firstOffset) }
    })
  return committedBatches(batches, transactions).map(({ firstOffset }) => Number(firstOffset))
}

describe('committedBatches', () => {
  test('leaves out several aborted transactions of one producer, and none that it committed between them', () => {
    const history = `
      0     1 transactional
      1     1 abort
      2-9   1 transactional
      10    1 commit
      11    1 transactional
      12    1 abort
      13    1 transactional
      14    1 commit`
    expect(seen(history, '1@0 1@11')).toEqual([2, 13])
    // Brokers list them in the order of their ends.
    expect(seen(history, '1@11 1@0')).toEqual([2, 13])
  })

  test('a transaction whose marker is beyond the fetch lasts to its end', () => {
    expect(seen('0-499 1 transactional\n 500-999 1 transactional', '1@0')).toEqual([])
  })

  test('a transaction that began before the fetch lasts to its marker', () => {
    expect(seen('500-999 1 transactional\n 1000 1 abort\n 1001 1 transactional\n 1002 1 commit', '1@0')).toEqual([1001])
  })

  test('producers do not mix', () => {
    const history = `
      0-4   1 transactional
      5-9   2 transactional
      10-14 0 plain
      15    1 abort
      16    2 commit
      17-18 1 transactional
      19    1 commit`
    expect(seen(history, '1@0')).toEqual([5, 10, 17])
  })

  test('a marker of a transaction that wrote nothing here takes nothing of others', () => {
    const history = `
      0   1 transactional
      1   1 abort
      2-5 1 transactional
      6   1 commit
      7   1 abort`
    expect(seen(history, '1@0')).toEqual([2])
  })

  test('a message of an idempotent producer without a transaction is seen while its id has an aborted one', () => {
    const idempotent = { ...batch(3, 3, 1, 'transactional'), attributes: 0 }
    const aborted = [{ producerId: 1n, firstOffset: 0n }]
    expect(committedBatches([batch(0, 2, 1, 'transactional'), idempotent], aborted)).toEqual([idempotent])
  })

  test('a marker that compaction removed, and a batch that it emptied, do no harm', () => {
    const emptied = { ...batch(1, 1, 1, 'abort'), records: [] }
    const rest = batch(2, 9, 2, 'transactional')
    expect(
      committedBatches([batch(0, 0, 1, 'transactional'), emptied, rest], [{ producerId: 1n, firstOffset: 0n }]),
    ).toEqual([rest])
  })

  test('without aborted transactions only markers are left out', () => {
    expect(seen('0 1 transactional\n 1 1 commit\n 2 0 plain', '')).toEqual([0, 2])
    expect(committedBatches([batch(0, 0, 1, 'transactional')], null)).toHaveLength(1)
  })
})

describe('timeOf', () => {
  test('is the sender’s, or the one of the whole batch where the broker wrote it', () => {
    const sent = batch(0, 0, 0, 'plain')
    expect(timeOf(sent, 7n)).toBe(1007)
    expect(timeOf({ ...sent, attributes: 1 << 3 }, 7n)).toBe(5000)
  })
})
