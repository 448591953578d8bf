import { describe, expect, test } from 'bun:test'
import { Backlog, CommitOrder, resumed, startingPositions } from './backlog.ts'
import type { KafkaMessage } from './client.ts'

function message(partition: number, offset: number, bytes = 10): KafkaMessage {
  const value = Buffer.alloc(bytes)
  return { topic: 't', partition, offset: BigInt(offset), key: null, value, headers: [], timestampMs: 0 }
}

function segment(partition: number, from: number, to: number) {
  const messages = Array.from({ length: to - from }, (_, i) => message(partition, from + i))
  return { partition, messages, endOffset: BigInt(to) }
}

describe('Backlog', () => {
  test('gives what has arrived, in order, up to the number of messages', () => {
    const backlog = new Backlog()
    backlog.add(segment(0, 0, 3))
    backlog.add(segment(1, 7, 9))
    expect(backlog.bytes).toBe(50)
    const first = backlog.take(4, 1000)
    expect(first?.messages.map(({ partition, offset }) => `${partition}:${offset}`)).toEqual([
      '0:0',
      '0:1',
      '0:2',
      '1:7',
    ])
    expect(first?.offsets).toEqual(
      new Map([
        [0, 3n],
        [1, 8n],
      ]),
    )
    expect(backlog.take(4, 1000)?.offsets).toEqual(new Map([[1, 9n]]))
    expect(backlog.bytes).toBe(0)
    expect(backlog.take(4, 1000)).toBeUndefined()
  })

  test('respects the limit of bytes, but gives one message that is larger', () => {
    const backlog = new Backlog()
    backlog.add({ partition: 0, messages: [message(0, 0, 500), message(0, 1)], endOffset: 2n })
    expect(backlog.take(10, 100)?.messages.length).toBe(1)
    expect(backlog.take(10, 100)?.offsets).toEqual(new Map([[0, 2n]]))
  })

  test('moves on over records that are not for readers', () => {
    const backlog = new Backlog()
    backlog.add({ partition: 0, messages: [], endOffset: 5n })
    expect(backlog.take(10, 100)).toEqual({ messages: [], offsets: new Map([[0, 5n]]) })
  })
})

describe('CommitOrder', () => {
  test('gives nothing ahead of an unfinished batch, then the newest only', () => {
    const order = new CommitOrder()
    const first = order.begin(new Map([[0, 10n]]))
    const second = order.begin(
      new Map([
        [0, 20n],
        [1, 5n],
      ]),
    )
    const third = order.begin(new Map([[0, 30n]]))
    second()
    expect(order.take()).toBeUndefined()
    first()
    expect(order.take()).toEqual(
      new Map([
        [0, 20n],
        [1, 5n],
      ]),
    )
    third()
    expect(order.take()).toEqual(new Map([[0, 30n]]))
    expect(order.take()).toBeUndefined()
  })

  test('keeps what is newer than offsets that are given back', () => {
    const order = new CommitOrder()
    order.begin(new Map([[0, 20n]]))()
    order.putBack(
      new Map([
        [0, 10n],
        [1, 5n],
      ]),
    )
    expect(order.take()).toEqual(
      new Map([
        [0, 20n],
        [1, 5n],
      ]),
    )
  })
})

test('startingPositions: committed where it is there, otherwise the oldest message', () => {
  const committed = new Map([
    [0, 5n],
    [1, 1n],
    [2, 99n],
  ])
  const earliest = new Map([
    [0, 3n],
    [1, 3n],
    [2, 3n],
    [3, 3n],
  ])
  const latest = new Map([
    [0, 9n],
    [1, 9n],
    [2, 9n],
    [3, 9n],
  ])
  const { positions, lost } = startingPositions([0, 1, 2, 3, 4], committed, { earliest, latest })
  expect(positions).toEqual(
    new Map([
      [0, 5n],
      [1, 3n],
      [2, 3n],
      [3, 3n],
    ]),
  )
  expect(lost).toEqual([1, 2])
})

test('resumed: behind what is durable, where the group has not been moved since', () => {
  const partitions = [0, 1, 2, 3, 4]
  const committed = new Map([
    [0, 10n],
    [1, 30n],
    [2, 5n],
    [3, 10n],
  ])
  const gap = (offset: bigint | undefined, durable: bigint) => ({ committed: offset, durable })
  const uncommitted = new Map([
    [0, gap(10n, 20n)],
    // Another member is further on; an operator has set it back; nothing was ever committed.
    [1, gap(10n, 20n)],
    [2, gap(10n, 20n)],
    [4, gap(undefined, 7n)],
  ])
  expect(resumed(partitions, committed, uncommitted)).toEqual(
    new Map([
      [0, 20n],
      [1, 30n],
      [2, 5n],
      [3, 10n],
      [4, 7n],
    ]),
  )
})
