import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Module } from '../src/module.ts'
import { modules } from '../src/modules.ts'
import { exampleOrder } from '../src/orders/example.ts'
import type { Check } from '../src/platform/integrity.ts'
import { auditDatabase, verifyDatabase } from '../src/verify.ts'
import { createTestApp, type TestApp } from './app.ts'
import { valuesOf } from './settings.ts'

let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
  for (const name of ['one', 'two', 'three']) {
    const body = exampleOrder(name, Date.now(), Math.random)
    expect((await t.call('POST', '/api/orders', { body })).status).toBe(201)
    for (const command of ['hold', 'confirm']) await t.call('POST', `/api/orders/${name}/${command}`)
  }
})

afterAll(() => t.close())

/** What the command `verify` finds. The audit finds the same here, where the newest orders are all there are. */
async function broken(): Promise<string[]> {
  const context = { ...valuesOf(), nowMs: Date.now() }
  const { results } = await verifyDatabase(t.pool, modules, context)
  const audited = await auditDatabase(t.pool, modules, context)
  expect(audited.length).toBeGreaterThan(8)
  const names = audited.map(({ invariant }) => invariant)
  expect(audited).toEqual(results.filter(({ invariant }) => names.includes(invariant)))
  return results.filter(result => result.broken > 0).map(({ says, examples }) => `${says}: ${examples}`)
}

test('a database written only by the service keeps every guarantee', async () => {
  expect(await broken()).toEqual([])
})

test('checks run side by side and are listed in their order; after one that fails none is begun', async () => {
  const context = { ...valuesOf(), nowMs: Date.now(), connectionsMax: 2 }
  const check = (name: string, sql: string) => ({ name, sentence: name, sql })
  const module = (...checks: Check[]): Module => ({ name: 'some', title: 'Some', checks })
  const holder = await t.pool.connect()
  await holder.query('select pg_advisory_lock(1517)')
  const short = [check('second', "select 'two'"), check('third', 'select null where false')]
  const { results } = await verifyDatabase(
    t.pool,
    [module(check('first', 'select pg_advisory_xact_lock(1517)::text'), ...short)],
    {
      ...context,
      // The first check ends when the last one has.
      onProgress: sentence => {
        if (sentence.endsWith('third')) void holder.query('select pg_advisory_unlock(1517)')
      },
    },
  )
  expect(results.map(({ invariant, broken }) => [invariant, broken])).toEqual([
    ['first', 1],
    ['second', 1],
    ['third', 0],
  ])
  holder.release()
  const begun: string[] = []
  const failing = module(check('failing', 'select no_such_column'), ...short)
  const verified = verifyDatabase(t.pool, [failing], {
    ...context,
    connectionsMax: 1,
    onProgress: it => begun.push(it),
  })
  await expect(verified).rejects.toThrow('no_such_column')
  expect(begun).toEqual([])
})

test.each([
  [
    "update orders set amount = amount + 1 where order_uid = 'one'",
    'an order is what its document says, as it was placed: one',
  ],
  ["delete from order_items where order_uid = 'two'", 'an order has the lines of its document, each once: two'],
  [
    "delete from orders where order_uid = 'two'",
    'lines, transitions, receipts and what concerns an order belong to one that is there: two',
  ],
  [
    "delete from events where stream_id = 'one' and sequence = 2",
    'the events of a stream of type order are numbered from the first that is kept to its version, without a gap: one',
  ],
  [
    "update events set sequence = 5 - sequence where stream_id = 'one' and sequence >= 2",
    'the log has the events of a stream of type order in their order: one',
  ],
  [
    "update orders set status = 'cancelled' where order_uid = 'one'",
    'the state of an order, and its time, are what its last event says: one',
  ],
  [
    "update order_transitions set command = 'cancel', to_status = 'cancelled' where order_uid = 'one' and version = 2",
    'every change of status is in the history, from the status before: one',
  ],
  [
    "update orders set status = 'pending', payment_status = 'unpaid', updated_at = now() - interval '3 days' where order_uid = 'one'",
    'no unpaid order waits longer than it may, unless its payment is under way: one',
  ],
])('%s is found', async (sql, finding) => {
  const client = await t.pool.connect()
  try {
    for (const table of ['orders', 'order_items', 'events', 'order_transitions']) {
      await client.query(`create temp table kept_${table} as table ${table}`)
    }
    await client.query('alter table events_first drop constraint events_first_pkey')
    await client.query(sql)
    expect(await broken()).toContain(finding)
  } finally {
    for (const table of ['orders', 'order_items', 'events', 'order_transitions']) {
      const columns = table === 'events' ? 'xid, position, stream_id, sequence, type, recorded_at, data' : '*'
      const into = table === 'events' ? `events (${columns})` : table
      await client.query(`delete from ${table}; insert into ${into} select ${columns} from kept_${table}`)
      await client.query(`drop table kept_${table}`)
    }
    await client.query(
      'alter table events_first add constraint events_first_pkey primary key (stream_id, stream_type, sequence)',
    )
    client.release()
  }
  expect(await broken()).toEqual([])
})
