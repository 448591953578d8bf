import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createOrdersDatabase } from '../../test/app.ts'
import { testLog } from '../../test/kafka.ts'
import type { KafkaMessage } from '../platform/kafka/client.ts'
import type { HandleBatch } from '../platform/kafka/tracing.ts'
import {
  blamesMessage,
  endsMax,
  failuresMax,
  type SettingAsideOptions,
  settingAside,
  watchedMessages,
} from './setting-aside.ts'

setDefaultTimeout(60_000)

let database: Awaited<ReturnType<typeof createOrdersDatabase>>

beforeAll(async () => {
  database = await createOrdersDatabase()
})
afterEach(async () => {
  await database.pool.query('delete from message_tries')
  await database.pool.query('delete from dead_letters')
})
afterAll(() => database?.drop())

const never = new AbortController().signal

function message(value: string, offset: number, partition = 0): KafkaMessage {
  const bytes = Buffer.from(value)
  return { topic: 'orders', partition, offset: BigInt(offset), key: null, value: bytes, headers: [], timestampMs: 0 }
}

const batch = (values: string[], first = 0, partition = 0) =>
  values.map((value, index) => message(value, first + index, partition))

function protect(handle: HandleBatch, more: Partial<SettingAsideOptions> = {}): HandleBatch {
  const options = { pool: database.pool, code: 'ORDER_UNPROCESSABLE', log: testLog, stop: never } as const
  return settingAside(handle, { ...options, ...more })
}

async function deadLetters(): Promise<string[]> {
  const { rows } = await database.pool.query(
    "select message_offset, convert_from(message_value, 'UTF8') as value, code, detail from dead_letters order by 1",
  )
  return rows.map(({ message_offset: offset, value, code, detail }) => `${offset} ${value} ${code}: ${detail}`)
}

async function notes(): Promise<string[]> {
  const { rows } = await database.pool.query('select * from message_tries order by partition, message_offset')
  return rows.map(({ partition, message_offset: offset, tries }) => `${partition}/${offset}: ${tries}`)
}

/** Handles messages, noting them; a poisoned one does what it is told to. */
function handler(poison: () => Promise<void>) {
  const handled: string[] = []
  const handle: HandleBatch = async messages => {
    const values = messages.map(({ value }) => String(value))
    if (values.includes('poison')) await poison()
    handled.push(...values)
  }
  return { handled, handle }
}

describe('a message that makes its handling fail', () => {
  test('is set aside after some tries, and its neighbours go through, in their order', async () => {
    let failures = 0
    const { handled, handle } = handler(async () => {
      failures += 1
      throw new TypeError('undefined is not a function')
    })
    await protect(handle)(batch(['a', 'b', 'poison', 'c']))
    expect(handled).toEqual(['a', 'b', 'c'])
    expect(failures).toBe(1 + failuresMax)
    expect(await deadLetters()).toEqual([
      `2 poison ORDER_UNPROCESSABLE: handling it failed ${failuresMax} times: TypeError`,
    ])
    expect(await notes()).toEqual([])
  })

  test('is set aside when its handling never ends while the database answers, and its neighbours go through', async () => {
    const { handled, handle } = handler(() => new Promise(() => undefined))
    await protect(handle, { silenceMs: 20 })(batch(['a', 'poison', 'b']))
    expect(handled).toEqual(['a', 'b'])
    expect(await deadLetters()).toEqual([
      `1 poison ORDER_UNPROCESSABLE: handling it failed ${failuresMax} times: HandlingTimeoutError`,
    ])
  })

  test('has no deadline while something fails that is retried', async () => {
    const done = Promise.withResolvers<void>()
    let looks = 0
    const failedAtMs = () => {
      looks += 1
      if (looks === 10) done.resolve()
      // Once nothing has failed: one look is not enough.
      return looks === 5 ? 0 : performance.now()
    }
    const { handled, handle } = handler(() => done.promise)
    await protect(handle, { silenceMs: 5, failedAtMs })(batch(['poison']))
    expect(handled).toEqual(['poison'])
    expect(looks).toBe(10)
    expect(await deadLetters()).toEqual([])
  })

  test('is handled when it fails once only', async () => {
    let failures = 0
    const { handled, handle } = handler(async () => {
      failures += 1
      if (failures < failuresMax) throw new RangeError('too late')
    })
    await protect(handle)(batch(['poison', 'a']))
    expect(handled).toEqual(['poison', 'a'])
    expect(await deadLetters()).toEqual([])
  })

  test('is not to blame for an outage: the batch fails as a whole, and nothing is held against it', async () => {
    const outage = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    const { handled, handle } = handler(() => Promise.reject(outage))
    const take = protect(handle)
    for (let round = 0; round < 10; round += 1) {
      await expect(take(batch(['a', 'poison']))).rejects.toThrow(outage)
    }
    expect(handled).toEqual([])
    expect(await deadLetters()).toEqual([])
    expect(blamesMessage(outage)).toBe(false)
    expect(blamesMessage(new Error('Connection terminated unexpectedly'))).toBe(false)
    const refused = await database.pool.query("select '\\x00'::bytea::text::int").catch(error => error)
    expect(blamesMessage(refused)).toBe(true)
    const absent = await database.pool.query('select from no_such_table').catch(error => error)
    expect(blamesMessage(absent)).toBe(false)
  })
})

describe('a message that ends the process', () => {
  /** A process that reads from an offset on, and ends with the message: what it was doing is never done. */
  async function runProcess(values: string[], sizes: number, isDeadly: (values: string[]) => boolean) {
    const handled: string[] = []
    const dead = Promise.withResolvers<'dead'>()
    const take = protect(async messages => {
      const texts = messages.map(({ value }) => String(value))
      if (isDeadly(texts)) {
        dead.resolve('dead')
        await new Promise(() => undefined)
      }
      handled.push(...texts)
    })
    const works: Promise<void>[] = []
    for (let first = 0; first < values.length; first += sizes)
      works.push(take(batch(values.slice(first, first + sizes), first)))
    const end = await Promise.race([dead.promise, Promise.all(works).then(() => 'alive' as const)])
    return { handled, end }
  }

  test('is set aside when it has done so a few times, and the partition goes on', async () => {
    const values = Array.from({ length: 40 }, (_, index) => (index === 23 ? 'poison' : `m${index}`))
    const isDeadly = (texts: string[]) => texts.includes('poison')
    const ends: string[] = []
    let last: string[] = []
    for (let run = 0; run < 10 && ends.at(-1) !== 'alive'; run += 1) {
      const { handled, end } = await runProcess(values, 10, isDeadly)
      ends.push(end)
      last = handled
    }
    // Once in a batch, then alone.
    expect(ends).toEqual(['dead', ...Array.from({ length: endsMax }, () => 'dead'), 'alive'])
    expect(last).toEqual(values.filter(value => value !== 'poison'))
    expect(await deadLetters()).toEqual([
      `23 poison ORDER_UNPROCESSABLE: the service ended ${endsMax} times while it handled the message`,
    ])
    expect(await notes()).toEqual([])
  })

  test('affects no other: processes that are killed by chance set nothing aside', async () => {
    const values = Array.from({ length: 30 }, (_, index) => `m${index}`)
    for (let run = 0; run < 6; run += 1) {
      let left = run * 4
      await runProcess(values, 10, () => left-- <= 0)
    }
    const { handled, end } = await runProcess(values, 10, () => false)
    expect(end).toBe('alive')
    expect(handled).toEqual(values)
    expect(await deadLetters()).toEqual([])
    expect(await notes()).toEqual([])
  })
})

test('batches begin in the order in which they come, and after a while none costs a statement', async () => {
  const begun: bigint[] = []
  const take = protect(async ([first]) => {
    begun.push(first?.offset ?? -1n)
  })
  const count = Number(watchedMessages / 500n) + 4
  const all = Array.from({ length: count }, (_, index) => take(batch(Array(500).fill('m'), index * 500)))
  await Promise.all(all)
  expect(begun).toEqual(Array.from({ length: count }, (_, index) => BigInt(index * 500)))
  let isSync = false
  const direct = protect(async () => {
    isSync = true
  })
  await direct(batch(['m'], 0))
  await direct(batch(Array(Number(watchedMessages)).fill('m'), 1))
  isSync = false
  void direct(batch(['m'], Number(watchedMessages) + 1))
  expect(isSync).toBe(true)
  expect(await notes()).toEqual([])
})
