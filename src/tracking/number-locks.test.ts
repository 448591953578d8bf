import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { advisoryLockSpaces } from '../advisory-locks.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { inOneRoundTrip } from '../platform/round-trip.ts'
import { lockingNumbers } from './parcel-queries.ts'

let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
})

afterAll(() => t.close())

/** Locks numbers in a transaction of its own, which waits for none. @returns whether it has them */
async function locks(numbers: readonly string[]): Promise<boolean> {
  return inAnother(async client => {
    await inOneRoundTrip(client, [lockingNumbers(numbers)])
  })
}

async function inAnother(work: (client: PoolClient) => Promise<unknown>): Promise<boolean> {
  const client = await t.pool.connect()
  try {
    await client.query("begin; set local lock_timeout = '1ms'")
    return await work(client).then(
      () => true,
      error => {
        expect(error.code).toBe('55P03')
        return false
      },
    )
  } finally {
    await client.query('rollback')
    client.release()
  }
}

test('groups of reports wait for each other only where they have a number in common, or one is about thousands', async () => {
  const { rows } = await t.pool.query<{ number: string }>(
    `select 'N' || i as number from generate_series(1, 4000) i where hashtext('N' || i) & 255 = hashtext('N1') & 255 limit 2`,
  )
  const [first = '', second = ''] = rows.map(({ number }) => number)
  expect([first, second]).toContain('N1')
  const many = [second, ...Array.from({ length: 600 }, (_, index) => `M${index}`)]
  const client = await t.pool.connect()
  try {
    await client.query('begin')
    await inOneRoundTrip(client, [lockingNumbers([first, 'OTHER'])])
    expect([await locks([second]), await locks([first]), await locks(many)]).toEqual([true, false, false])
    // As older instances lock numbers.
    const asBefore = `select pg_advisory_xact_lock($2, hashtext($1) & 255)`
    expect(await inAnother(other => other.query(asBefore, [second, advisoryLockSpaces.parcels]))).toBe(false)
    await client.query('rollback; begin')
    await inOneRoundTrip(client, [lockingNumbers(many)])
    expect([await locks([first]), await locks([second])]).toEqual([false, false])
  } finally {
    await client.query('rollback')
    client.release()
  }
})
