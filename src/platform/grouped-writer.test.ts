import { describe, expect, test } from 'bun:test'
import { createGroupedWriter, type GroupedWriterOptions, type Outcome } from './grouped-writer.ts'

type Request = { key: string; text: string }

const done = (requests: readonly Request[]): Outcome<string>[] =>
  requests.map(({ text }) => ({ kind: 'done', result: text }))

/** A writer whose groups are written when the test says so. */
function start(options: Partial<GroupedWriterOptions<Request, string>> = {}) {
  const groups: string[][] = []
  const open: (() => void)[] = []
  const writer = createGroupedWriter<Request, string>({
    what: 'texts',
    keyOf: ({ key }) => key,
    groupMax: 3,
    writersMax: 1,
    waitingMax: 5,
    busyError: () => new Error('the key is busy'),
    async writeGroup(requests) {
      groups.push(requests.map(({ text }) => text))
      await new Promise<void>(resolve => open.push(resolve))
      return done(requests)
    },
    ...options,
  })
  const write = (key: string, text = key) => writer.write({ key, text })
  const next = async () => {
    while (open.length === 0) await new Promise(setImmediate)
    open.shift()?.()
  }
  return { writer, groups, write, next }
}

describe('a group', () => {
  test('has what came at the same time, at most as many as it may have, and each key once', async () => {
    const { groups, write, next } = start()
    const written = [write('a', 'a1'), write('b'), write('a', 'a2'), write('c'), write('d')]
    await next()
    await next()
    expect(await Promise.all(written)).toEqual(['a1', 'b', 'a2', 'c', 'd'])
    expect(groups).toEqual([
      ['a1', 'b', 'c'],
      ['a2', 'd'],
    ])
  })

  test('is written while another is, without the keys of that one', async () => {
    const { groups, write, next } = start({ writersMax: 2, groupMax: 1 })
    const written = [write('a', 'a1'), write('a', 'a2'), write('b')]
    for (let group = 0; group < 3; group++) await next()
    expect(await Promise.all(written)).toEqual(['a1', 'a2', 'b'])
    expect(groups).toEqual([['a1'], ['b'], ['a2']])
  })

  test('that fails by its values is written one by one; by anything else it fails as a whole', async () => {
    const writeGroup = async (requests: readonly Request[]) => {
      if (requests.some(({ text }) => text === 'lost')) throw new Error('the connection was lost')
      if (requests.some(({ text }) => text === 'bad')) throw new RangeError('a bad value')
      return done(requests)
    }
    const { write } = start({ writeGroup })
    const outcomes = await Promise.allSettled([write('a'), write('b', 'bad'), write('c')])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    const lost = await Promise.allSettled([write('a'), write('b', 'lost')])
    expect(lost.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })
})

describe('a request', () => {
  test('whose key is busy is tried again, and fails when that takes too long; the others do not wait', async () => {
    let busy = 0
    const writeGroup = async (requests: readonly Request[]): Promise<Outcome<string>[]> =>
      requests.map(({ key, text }) =>
        key === 'never' || (key === 'later' && busy++ < 2) ? { kind: 'busy' } : { kind: 'done', result: text },
      )
    const { write } = start({ writeGroup, busyTimeoutMs: 20 })
    const outcomes = await Promise.allSettled([write('free'), write('later'), write('never')])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(String((outcomes[2] as PromiseRejectedResult).reason)).toContain('the key is busy')
  })

  test('fails alone by its own outcome', async () => {
    const { write } = start({
      writeGroup: async requests =>
        requests.map(({ text }) =>
          text === 'bad' ? { kind: 'failed', error: new Error('refused') } : { kind: 'done', result: text },
        ),
    })
    const outcomes = await Promise.allSettled([write('a'), write('b', 'bad')])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  })

  test('is refused when too many wait', async () => {
    const { writer, write, next } = start()
    const written = Array.from({ length: 5 }, (_, index) => write(String(index)))
    expect(() => write('one more')).toThrow(expect.objectContaining({ code: 'OVERLOADED' }))
    let isClosed = false
    const closed = writer.close(10_000).then(() => {
      isClosed = true
    })
    await next()
    await written[0]
    expect(isClosed).toBe(false)
    await next()
    await Promise.all([...written, closed])
  })
})
