import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createOrdersDatabase } from '../../test/app.ts'
import { withConnection } from './postgres.ts'
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

test('one that fails takes those before it along and skips those behind it, and the connection goes on', async () => {
  const client = await database.pool.connect()
  const failed = await inOneRoundTrip(client, [insert(3), insert(3), insert(4)]).catch((error: unknown) => error)
  expect(failed).toMatchObject({ code: '23505' })
  expect(await inOneRoundTrip(client, [numbers, command('begin'), insert(5)])).toEqual([[], undefined, undefined])
  await client.query('rollback')
  client.release()
})

test('a value that cannot be sent and an answer that is refused reject it', async () => {
  const broken = command('insert into numbers values ($1)', [
    {
      toPostgres() {
        throw new RangeError('it has no form')
      },
    },
  ])
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
