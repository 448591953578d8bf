import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Type } from 'typebox'
import { createOrdersDatabase } from '../../test/app.ts'
import { inTransaction, type Pool } from '../platform/postgres.ts'
import { defineEvent } from './definition.ts'
import { appendEvent, type LoggedEvent, readLog } from './log.ts'
import { logStart } from './place.ts'

let database: Awaited<ReturnType<typeof createOrdersDatabase>>
let pool: Pool

beforeAll(async () => {
  database = await createOrdersDatabase()
  pool = database.pool
})

afterAll(async () => {
  await database.drop()
})

const data = { text: 'tab\t, backslash \\ and newline\n' }
const definition = defineEvent({
  type: 'test.noted',
  title: 'A note',
  description: 'Something was noted.',
  data: Type.Object({ text: Type.String() }),
  example: data,
})

const event = (orderUid: string, sequence = 1) => ({
  orderUid,
  sequence,
  definition,
  recordedAt: new Date().toISOString(),
  data: JSON.stringify(data),
})

const uids = (events: LoggedEvent[]) => events.map(({ orderUid }) => orderUid)

test('nothing is read past a transaction that is still open, and nothing is missed when it commits late', async () => {
  const late = await pool.connect()
  await late.query('begin')
  await appendEvent(late, event('late'))
  await inTransaction(pool, client => appendEvent(client, event('early')))
  expect(await readLog(pool, logStart, 10)).toEqual({ events: [], isAll: true })
  await late.query('commit')
  late.release()
  const { events } = await readLog(pool, logStart, 10)
  expect(uids(events)).toEqual(['late', 'early'])
  expect(JSON.parse(events[0]?.data ?? '')).toEqual(data)
})

test('reading on from any place gives every event once, in the same order, whatever the size of a page', async () => {
  await Promise.all(
    Array.from({ length: 20 }, (_, writer) =>
      inTransaction(pool, async client => {
        for (let index = 0; index < 10; index += 1) await appendEvent(client, event(`w${writer}-${index}`))
      }),
    ),
  )
  const everything = uids((await readLog(pool, logStart, 1000)).events)
  expect(everything).toHaveLength(202)
  const paged: string[] = []
  for (let place = logStart; ; ) {
    const page = await readLog(pool, place, 7)
    paged.push(...uids(page.events))
    if (page.isAll) break
    place = page.events.at(-1)?.place ?? place
  }
  expect(paged).toEqual(everything)
})

test('a sequence number is given once', async () => {
  await inTransaction(pool, client => appendEvent(client, event('once')))
  const again = inTransaction(pool, client => appendEvent(client, event('once')))
  expect(await again.catch(error => error)).toMatchObject({ code: '23505' })
})
