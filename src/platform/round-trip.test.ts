import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createOrdersDatabase } from '../../test/app.ts'
import { type OneConnection, type Pool, type PoolClient, withConnection } from './postgres.ts'
import { copyBehind } from './copy-behind.ts'
import { copyOf } from './copy.ts'
import { command, inOneRoundTrip, type Statement } from './round-trip.ts'

let database: Awaited<ReturnType<typeof createOrdersDatabase>>
beforeAll(async () => {
  database = await createOrdersDatabase()
  await database.pool.query('create table numbers (number int primary key)')
})
afterAll(() => database.drop())

const insert = (number: number) => command('insert into numbers values ($1)', [number])
const numbers: Statement<number[]> = {
  text: 'select number from numbers order by number',
  read: ({ rows }: { rows: readonly { number: number }[] }) => rows.map(({ number }) => number),
}
const run = <const Statements extends readonly Statement<unknown>[]>(statements: Statements) =>
  withConnection(database.pool, client => inOneRoundTrip(client, statements))

test('each statement sees what those before it have done, and each answer is read', async () => {
  const empty: Statement<number | null> = { text: 'delete from numbers', read: ({ rowCount }) => rowCount }
  expect(await run([insert(1), numbers, insert(2), numbers, empty, numbers])).toEqual([
    undefined,
    [1],
    undefined,
    [1, 2],
    2,
    [],
  ])
  expect(await run([])).toEqual([])
})

test('the answer of a command may have rows, which nobody reads', async () => {
  const read: Statement<number[]> = { text: 'select 7 as number', read: numbers.read }
  const series = command('select number from generate_series(1, $1::int) number', [3])
  expect(await run([series, read, series, read])).toEqual([undefined, [7], undefined, [7]])
})

test('one that fails takes those before it along and skips those behind it, and the connection goes on', async () => {
  const client = await database.pool.connect()
  const failed = await inOneRoundTrip(client, [insert(3), insert(3), insert(4)]).catch((error: unknown) => error)
  expect(failed).toMatchObject({ code: '23505' })
  expect(await inOneRoundTrip(client, [numbers, command('begin'), insert(5)])).toEqual([[], undefined, undefined])
  await client.query('rollback')
  client.release()
})

/** A value that cannot be sent. */
const unsent = {
  toPostgres() {
    throw new RangeError('it has no form')
  },
}

test('a value that cannot be sent and an answer that is refused reject it', async () => {
  const broken = command('insert into numbers values ($1)', [unsent])
  await expect(run([insert(6), broken])).rejects.toThrow('it has no form')
  const refused: Statement<never> = {
    ...numbers,
    read() {
      throw new Error('not what was wanted')
    },
  }
  await expect(run([refused])).rejects.toThrow('not what was wanted')
  await expect(run([numbers])).resolves.toBeDefined()
})

const rowsOf = (...given: readonly number[]) =>
  copyOf('numbers', 'number', given, (number, writer) => {
    writer.row(1)
    writer.integer(number)
  })

test('rows are written behind statements in one round trip, and committed with them or not at all', async () => {
  const client = await database.pool.connect()
  await inOneRoundTrip(client, [command('delete from numbers'), command('begin')])
  await copyBehind(client, [insert(1), insert(2)], [rowsOf(3, 4)], 'commit')
  expect(await inOneRoundTrip(client, [numbers])).toEqual([[1, 2, 3, 4]])
  const unsendable = command('insert into numbers values ($1)', [unsent])
  for (const [statements, rows] of [
    [[insert(5), insert(1)], rowsOf(6)],
    [[insert(5)], rowsOf(6, 1)],
    [[insert(5), unsendable], rowsOf(6)],
  ] as const) {
    await client.query('begin')
    await expect(copyBehind(client, statements, [rows], 'commit')).rejects.toThrow()
    await client.query('rollback')
    expect(await inOneRoundTrip(client, [numbers])).toEqual([[1, 2, 3, 4]])
  }
  await client.query('begin')
  await copyBehind(client, [], [rowsOf(5)], 'commit')
  expect(await inOneRoundTrip(client, [numbers])).toEqual([[1, 2, 3, 4, 5]])
  client.release()
})

test('statements that close a transaction run behind the rows, and without one of them there is no commit', async () => {
  const client = await database.pool.connect()
  const rows = Array.from({ length: 20_000 }, (_, index) => 1_000 + index)
  const doubled = command('insert into numbers select max(number) + 1 from numbers')
  const kept = async () => (await inOneRoundTrip(client, [numbers]))[0].length
  const before = await kept()
  for (const [updates, copies, closing] of [
    [[], [rowsOf(...rows)], [doubled, insert(1_000)]],
    [[insert(900)], [rowsOf(...rows, 1_000)], [doubled]],
    [[insert(1_000)], [rowsOf(...rows)], [doubled]],
    [[], [rowsOf(...rows)], [doubled, command('insert into numbers values ($1)', [unsent])]],
  ] as const) {
    await client.query('begin')
    await expect(copyBehind(client, updates, copies, 'commit', closing)).rejects.toThrow()
    await client.query('rollback')
    expect(await kept()).toBe(before)
  }
  await client.query('begin')
  await copyBehind(client, [insert(900)], [rowsOf(...rows)], 'commit', [doubled, doubled])
  await client.query('rollback')
  expect(await kept()).toBe(before + 1 + rows.length + 2)
  await client.query('begin')
  await copyBehind(client, [], [], 'commit', [doubled])
  expect(await kept()).toBe(before + 1 + rows.length + 3)
  client.release()
})

test('statements are sent together by one connection only: no pool has the type', () => {
  const fits = <Given>(is: Given extends OneConnection ? true : false) => is
  expect([fits<PoolClient>(true), fits<Pool>(false)]).toEqual([true, false])
})
