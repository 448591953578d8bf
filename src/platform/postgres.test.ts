import { expect, test } from 'bun:test'
import { createTestDatabase } from '../../test/database.ts'
import { createLogger } from './log.ts'
import { createPool, endPool } from './postgres.ts'

test('the end of a pool is the end of its connections: a server that is stopped after it has none to lose', async () => {
  const database = await createTestDatabase(async () => undefined)
  const log = createLogger({ level: 'silent' })
  const pool = createPool(database.address, { connectionsMax: 5, name: 'ending', log })
  let open = 0
  pool.on('connect', client => {
    open += 1
    client.once('end', () => {
      open -= 1
    })
  })
  await Promise.all(Array.from({ length: 5 }, () => pool.query('select 1')))
  expect(open).toBe(5)
  await endPool(pool)
  expect(open).toBe(0)
  await endPool(createPool(database.address, { connectionsMax: 5, name: 'never used', log }))
  await database.drop()
})
