import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createTestDatabase, type TestDatabase } from '../../test/database.ts'
import { limitConnections } from './connection-limit.ts'
import { createLogger } from './log.ts'
import { createPool, inTransaction, type Pool } from './postgres.ts'
import { retryingReads } from './retrying-reads.ts'

const log = createLogger({ level: 'silent' })
let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase(async () => undefined)
})
afterAll(() => database.drop())

/** A pool of one connection, which every query therefore shares. */
async function withPool(work: (pool: Pool) => Promise<void>): Promise<void> {
  const pool = createPool(database.address, { connectionsMax: 1, name: 'limited', log })
  try {
    await work(pool)
  } finally {
    await pool.end()
  }
}

const sessionOf = async (pool: Pool) => (await pool.query('select pg_backend_pid() as pid')).rows[0].pid as number

describe('a read', () => {
  test('that meets a connection which has broken is repeated once on another', async () => {
    await withPool(async pool => {
      await pool.query('create sequence tries')
      const breaking = (times: number) =>
        `select nextval('tries'), case when currval('tries') <= ${times} then pg_terminate_backend(pg_backend_pid()) end`
      const reads = retryingReads(limitConnections(pool, 1))
      expect((await reads.query(breaking(1))).rows).toMatchObject([{ nextval: '2' }])
      await pool.query('alter sequence tries restart')
      await expect(reads.query(breaking(9))).rejects.toMatchObject({ code: '57P01' })
      expect((await pool.query("select nextval('tries')")).rows).toMatchObject([{ nextval: '3' }])
      await expect(reads.query('select 1/0')).rejects.toMatchObject({ code: '22012' })
    })
  })
})

describe('a connection', () => {
  const terminate = 'select pg_terminate_backend(pg_backend_pid())'

  test.each([
    ['through a limit', (pool: Pool) => limitConnections(pool, 1).query(terminate)],
    ['in a transaction', (pool: Pool) => inTransaction(pool, client => client.query(terminate))],
    ['of the pool', (pool: Pool) => pool.query(terminate)],
  ])('whose session the server has ended is not used again: %s', async (_, breakIt) => {
    await withPool(async pool => {
      const first = await sessionOf(pool)
      await expect(breakIt(pool)).rejects.toMatchObject({ code: '57P01' })
      // At once, before the end of the connection may have been noticed.
      expect(await sessionOf(pool)).not.toBe(first)
      expect(pool.totalCount).toBe(1)
    })
  })

  test('on which a statement was refused is used again', async () => {
    await withPool(async pool => {
      const limited = limitConnections(pool, 1)
      const first = await sessionOf(limited)
      await expect(limited.query('select 1/0')).rejects.toMatchObject({ code: '22012' })
      expect(await sessionOf(limited)).toBe(first)
    })
  })
})
