import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { createTestDatabase, type TestDatabase } from '../../test/database.ts'
import { copyInto, copyOf } from './copy.ts'
import { createLogger } from './log.ts'
import {
  answerDeadlineMs,
  createPool,
  type Pool,
  type PostgresAddress,
  withClient,
  withConnection,
} from './postgres.ts'

const table = `
  create type color as enum ('red', 'green');
  create table samples (
    id integer primary key, content text, color color, payload bytea, small smallint, large bigint, amount numeric,
    moment timestamptz, remark json
  )`

const makeTable = (address: PostgresAddress) =>
  withClient(address, 'test', answerDeadlineMs, client => client.query(table))

let database: TestDatabase
let pool: Pool

beforeAll(async () => {
  database = await createTestDatabase(makeTable)
  pool = createPool(database.address, { connectionsMax: 2, name: 'test', log: createLogger({ level: 'silent' }) })
})

afterAll(async () => {
  await pool.end()
  await database.drop()
})

type Sample = {
  id: number
  content: string | null
  color: 'red' | 'green'
  payload: Uint8Array
  small: number
  large: number
  amount: bigint
  momentMs: number
}

const columns = 'id, content, color, payload, small, large, amount, moment, remark'

function write(samples: readonly Sample[], last = 'notify samples'): Promise<void> {
  const copy = copyOf('samples', columns, samples, (sample, writer) => {
    writer.row(9)
    writer.integer(sample.id)
    if (sample.content === null) writer.null()
    else writer.text(sample.content)
    writer.text(sample.color)
    writer.bytes(sample.payload)
    writer.smallint(sample.small)
    writer.bigint(sample.large)
    writer.numeric(sample.amount)
    writer.timestamp(sample.momentMs)
    writer.text(JSON.stringify({ content: sample.content }))
  })
  return withConnection(pool, client => copyInto(client, [copy], last))
}

async function stored(): Promise<Sample[]> {
  const { rows } = await pool.query(
    `select id, content, color, payload, small, large::text, amount::text, extract(epoch from moment) * 1000 as ms,
            remark ->> 'content' as remark
       from samples
      order by id`,
  )
  return rows.map(row => {
    expect(row.remark).toBe(row.content)
    const { id, content, color, small } = row
    const payload = new Uint8Array(row.payload)
    return {
      id,
      content,
      color,
      payload,
      small,
      large: Number(row.large),
      amount: BigInt(row.amount),
      momentMs: Number(row.ms),
    }
  })
}

afterEach(() => pool.query('truncate samples'))

const sample = (id: number, change: Partial<Sample> = {}): Sample => ({
  id,
  content: 'plain',
  color: 'red',
  payload: new Uint8Array([0, 255]),
  small: 7,
  large: 7,
  amount: 7n,
  momentMs: 0,
  ...change,
})

test('every value comes back as it went in, those at the ends of their range too', async () => {
  const texts = [
    '',
    null,
    'tab\t, newline\n, backslash \\ and \\.',
    'ü',
    'x'.repeat(40),
    'x'.repeat(41),
    `${'x'.repeat(39)}€`,
    '𝒳'.repeat(50),
  ]
  const numbers = [
    0,
    1,
    -1,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53 - 1,
    -(2 ** 53 - 1),
    -(2 ** 31),
    -(2 ** 32),
  ]
  const large = [2n ** 53n - 1n, 2n ** 53n, 10n ** 16n, 123_456_789_012_345_678_901_234_567_890n]
  const amounts = [0n, 1n, 9_999n, 10_000n, 10_001n, 100_000_000n, ...large]
  const moments = [
    0,
    -1,
    Date.UTC(1999, 11, 31, 23, 59, 59, 999),
    Date.UTC(1, 0, 1),
    Date.UTC(9999, 11, 31, 23, 59, 59, 999),
  ]
  const samples = [
    ...texts.map(content => ({ content })),
    ...numbers.map(large => ({ large })),
    ...amounts.map(amount => ({ amount })),
    ...moments.map(momentMs => ({ momentMs })),
    { small: -32_768, color: 'green' as const, payload: new Uint8Array() },
    { small: 32_767, payload: new Uint8Array(300_000).fill(9) },
  ].map((change, index) => sample(index, change))
  await write(samples)
  expect(await stored()).toEqual(samples)
})

test('rows across messages, and texts longer than one, are complete', async () => {
  const lengths = Array.from({ length: 300 }, (_, index) => (index % 100 === 99 ? 200_000 : index * 7))
  const samples = lengths.map((length, id) => sample(id, { content: `${id}:`.padEnd(length, 'ö') }))
  await write(samples)
  expect(await stored()).toEqual(samples)
})

test('several tables and the statement after them are written completely or not at all', async () => {
  await write([])
  await write([sample(1)], 'insert into samples (id, content, remark) values (2, \'plain\', \'{"content":"plain"}\')')
  const before = await pool.query('select * from samples order by id')
  expect(before.rows.map(({ id }) => id)).toEqual([1, 2])
  const taken = await write([sample(3), sample(1)]).catch(error => error)
  expect(taken).toMatchObject({ code: '23505' })
  expect(await write([sample(4)], 'insert into samples (id) values (1 / 0)').catch(error => error)).toMatchObject({
    code: '22012',
  })
  expect(await write([sample(5, { content: 'a NUL \0' })]).catch(error => error)).toMatchObject({ code: '22021' })
  expect((await pool.query('select * from samples order by id')).rows).toEqual(before.rows)
})
