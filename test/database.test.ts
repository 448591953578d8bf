import { expect, setDefaultTimeout, test } from 'bun:test'
import { Client } from 'pg'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { createTestDatabase } from './database.ts'

setDefaultTimeout(30_000)
let migrations = 0

test('every test database has the tables and its own rows, and the migrations ran once', async () => {
  const [first, second] = await Promise.all([createTestDatabase(migrate), createTestDatabase(migrate)])
  await run(first.address, 'insert into things values (1)')
  expect(await run(first.address, 'select id from things')).toEqual([{ id: 1 }])
  expect(await run(second.address, 'select id from things')).toEqual([])
  expect(migrations).toBe(1)
  await first.drop()
  await second.drop()
  expect(run(first.address, 'select 1')).rejects.toThrow(/does not exist/)
})

async function migrate(address: PostgresAddress) {
  migrations += 1
  await run(address, 'create table things (id integer)')
}

async function run(address: PostgresAddress, text: string): Promise<unknown[]> {
  const client = new Client({ ...address, password: address.password ?? '' })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}
