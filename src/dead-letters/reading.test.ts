import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { deadLetterApi } from '../../test/dead-letter-api.ts'
import { makeOrders } from '../../test/orders.ts'
import { rowsRead } from '../../test/rows-read.ts'
import { seedDeadLetters } from '../../test/seed-dead-letters.ts'
import { chooseOpen } from './attempts.ts'
import { listDeadLetters } from './queries.ts'

setDefaultTimeout(20_000)
let t: TestApp
const { call, look, replay, discard } = deadLetterApi(() => t)

beforeAll(async () => {
  t = await createTestApp()
})

afterAll(() => t.close())

describe('looking at a dead letter', () => {
  test('shows its bytes, what they say, and what is wrong with them by the rules of today', async () => {
    const [id = ''] = await seedDeadLetters(t.pool, 'ORDER_INVALID', ['{"sm_id": 9007199254740993}'], {
      violations: [{ pointer: '/old', detail: 'must be as it was then' }],
      headers: [[Buffer.from('kind'), Buffer.from([0xff])]],
    })
    const response = await t.call('GET', `/api/dead-letters/${id}`)
    const text = await response.text()
    // Every digit, although a reader in JavaScript would round it.
    expect(text).toContain('"json":{"sm_id": 9007199254740993}')
    expect(JSON.parse(text)).toMatchObject({
      id,
      state: 'open',
      attempts: 0,
      value: Buffer.from('{"sm_id": 9007199254740993}').toString('base64'),
      text: '{"sm_id": 9007199254740993}',
      violations: [{ pointer: '/old' }],
      headers: [['kind', '/w==']],
      last_attempt: null,
      history: [],
    })
    const now = JSON.parse(text).violations_now.map((violation: { pointer: string }) => violation.pointer)
    expect(now).toEqual(expect.arrayContaining(['/order_uid', '/sm_id', '/items']))
  })

  test('works for every kind of bytes', async () => {
    const large = Buffer.from(JSON.stringify({ note: 'x'.repeat(1024 * 1024) }))
    const deep = `{"deep":${'['.repeat(50_000)}${']'.repeat(50_000)}}`
    const values = [
      null,
      '',
      Buffer.from([0xff, 0xfe]),
      Buffer.from('a\0b'),
      '\ufeff{}',
      large,
      deep,
      'null',
      '"\\ud800"',
    ]
    const ids = await seedDeadLetters(t.pool, 'ORDER_INVALID', values)
    const found = await Promise.all(ids.map(look))
    expect(found.map(deadLetter => deadLetter.text === null)).toEqual([true, false, true, ...Array(6).fill(false)])
    expect(found[3]?.text).toBe('a\0b')
    expect(found[4]).toMatchObject({ text: '\ufeff{}', json: null })
    expect(found[5]).toMatchObject({ value: large.toString('base64'), json: { note: expect.stringContaining('xxx') } })
    expect(found[6]).toMatchObject({ json: null, text: deep })
    expect(found[8]).toMatchObject({ json: '\ud800' })
    for (const deadLetter of found) expect(deadLetter.violations_now).not.toEqual([])
    const [command = ''] = await seedDeadLetters(t.pool, 'COMMAND_INVALID', ['{"command":"fly"}'])
    const pointers = (await look(command)).violations_now as { pointer: string }[]
    expect(pointers.map(({ pointer }) => pointer)).toContain('/command')
  })

  test('of an id that none has is a 404', async () => {
    for (const id of ['999999999', '0', '-1', 'x', '1e3', '9999999999999999999999', '%00', 'replay']) {
      expect([id, (await call('GET', `/api/dead-letters/${id}`)).status]).toEqual([id, 404])
      expect((await replay(id)).body.code).toBe('DEAD_LETTER_NOT_FOUND')
      expect((await discard(id, { reason: 'x' })).status).toBe(404)
    }
  })
})

describe('the list', () => {
  test('is filtered by state, and says how each was resolved', async () => {
    const [order, other] = makeOrders(2, 'listed')
    const ids = await seedDeadLetters(t.pool, 'ORDER_INVALID', [order as object, 'x', other as object, 'y'], {
      topic: 'listed',
    })
    await replay(ids[0] ?? '')
    await replay(ids[1] ?? '')
    await discard(ids[2] ?? '', { reason: 'no', actor: 'ada' })
    const listed = async (query: string) => {
      const { body } = await call('GET', `/api/dead-letters?topic=listed${query}`)
      return body as unknown as { id: string; state: string; last_attempt: unknown }[]
    }
    expect((await listed('')).map(deadLetter => deadLetter.state)).toEqual(['open', 'discarded', 'open', 'replayed'])
    expect((await listed('&state=open')).map(deadLetter => deadLetter.id)).toEqual([ids[3] ?? '', ids[1] ?? ''])
    expect(await listed('&state=discarded')).toMatchObject([{ last_attempt: { actor: 'ada', reason: 'no' } }])
    expect(await listed('&state=replayed')).toMatchObject([{ last_attempt: { order_uid: order?.order_uid } }])
    const bad = await call('GET', '/api/dead-letters?state=closed&limit=0&cursor=x')
    expect(bad.status).toBe(400)
    expect(bad.body.errors?.map(({ pointer }) => pointer).toSorted()).toEqual(['/cursor', '/limit', '/state'])
  })

  test('the counts and the metric are those of the table, whatever happened to it', async () => {
    await seedDeadLetters(t.pool, 'ORDER_INVALID', ['to be removed by hand'], { topic: 'gone' })
    await t.pool.query("delete from dead_letters where topic = 'gone'")
    const { rows } = await t.pool.query(
      'select topic, code, state, count(*)::int as letters from dead_letters group by 1, 2, 3 order by 1, 2, 3',
    )
    expect(rows.length).toBeGreaterThan(3)
    expect(await (await t.call('GET', '/api/dead-letter-counts')).json()).toEqual(rows)
    const open = rows.filter(row => row.state === 'open' && row.code === 'ORDER_INVALID')
    const sum = open.reduce((before, row) => before + row.letters, 0)
    expect(await t.app.context.registry.metrics()).toContain(`dead_letters{code="ORDER_INVALID",state="open"} ${sum}\n`)
  })
})

test('the database itself refuses a state without the attempt that led to it', async () => {
  const [id = ''] = await seedDeadLetters(t.pool, 'ORDER_INVALID', ['x'])
  const refused = async (sql: string) => expect(t.pool.query(sql)).rejects.toThrow('violates check constraint')
  await refused(`update dead_letters set state = 'lost' where id = ${id}`)
  await refused(`update dead_letters set state = 'replayed' where id = ${id}`)
  const entry = (values: string) =>
    `insert into dead_letter_history (letter_id, attempt, is_edited, recorded_at, actor, outcome, reason, order_uid, code)
     values (${id}, 1, false, now(), 'x', ${values})`
  await refused(entry("'placed', '', null, null"))
  await refused(entry("'discarded', '', null, null"))
  await refused(entry("'refused', '', null, null"))
  await refused(entry("'reopened', 'x', null, null"))
})

test('a filter that few dead letters match does not read the others', async () => {
  await t.pool.query(
    `insert into dead_letters (topic, partition, message_offset, headers, code, detail, violations, digest)
     select 'crowded', 0, n, '[]', 'ORDER_INVALID', '', '[]', '' from generate_series(1, 3000) n`,
  )
  await t.pool.query(
    `insert into dead_letters (topic, partition, message_offset, headers, code, detail, violations, digest)
     values ('lonely', 0, 1, '[]', 'ORDER_INVALID', '', '[]', ''), ('crowded', 0, 0, '[]', 'ORDER_CONFLICT', '', '[]', '')`,
  )
  await t.pool.query('analyze dead_letters')
  const filters = [
    { topic: 'lonely', code: 'ORDER_INVALID', state: 'open' },
    { topic: 'crowded', code: 'ORDER_CONFLICT' },
    { topic: 'crowded', code: 'ORDER_INVALID', state: 'discarded' },
    { topic: 'nowhere' },
  ] as const
  const found: number[] = []
  for (const filter of filters) {
    const rows = await rowsRead(t.pool, 'dead_letters', async pool => {
      const { deadLetters } = await listDeadLetters(pool, filter, 10)
      found.push(deadLetters.length)
    })
    expect(rows).toBeLessThan(50)
  }
  expect(found).toEqual([1, 1, 0, 0])
  const rows = await rowsRead(t.pool, 'dead_letters', async pool => {
    expect(await chooseOpen(pool, { topic: 'lonely', code: 'ORDER_INVALID' }, '0', '999999999')).toHaveLength(1)
  })
  expect(rows).toBeLessThan(50)
})
