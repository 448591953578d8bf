import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { createOrdersDatabase } from '../../../test/app.ts'
import { eventually } from '../../../test/kafka.ts'
import { AppError } from '../../errors.ts'
import type { Route } from '../http.ts'
import { buildHttp } from '../http-router.ts'
import { createLogger } from '../log.ts'
import { createRegistry } from '../metrics.ts'
import { createPool, inTransaction, type Pool } from '../postgres.ts'
import { expireIdempotencyKeys } from './expiry.ts'
import { createIdempotency } from './idempotency.ts'
import { answerBytesMax, keepAnswer, removeOldKeys } from './queries.ts'

const log = createLogger({ level: 'silent' })

let database: Awaited<ReturnType<typeof createOrdersDatabase>>
let pool: Pool
beforeAll(async () => {
  database = await createOrdersDatabase()
  pool = database.pool
  await pool.query('create table effects (by text)')
})
beforeEach(() => pool.query('truncate effects, idempotency_claims, idempotency_answers'))
afterAll(() => database.drop())

const count = async (table: string) => (await pool.query(`select count(*)::int as count from ${table}`)).rows[0].count
const endClaims = () => pool.query("update idempotency_claims set claimed_until = now() - interval '1 second'")

/** An app of one idempotent route, asked with one key. */
function serve(handle: Route['handle'], asked = pool) {
  const registry = createRegistry()
  const idempotent = createIdempotency({ pool: asked, registry, log, callerOf: () => 'anyone' })
  const route: Route = { method: 'POST', path: '/things', scope: 'public', idempotent: true, handle }
  const fetch = buildHttp({ routes: [route], allows: () => undefined, idempotent, registry, log })
  return async () => {
    const headers = { 'idempotency-key': 'the-key' }
    const response = await fetch(new Request('http://localhost/things', { method: 'POST', headers, body: '{}' }))
    const isReplayed = response.headers.get('idempotency-replayed') === 'true'
    return { status: response.status, isReplayed, text: await response.text() }
  }
}

/** A handler that moves money: its effect and its answer are one transaction, which may be held up before its commit. */
function moving(by: string, holdUp: () => Promise<void> = async () => undefined): Route['handle'] {
  return async (_, claim) => {
    const answer = { status: 201, headers: {}, body: Buffer.from(by) }
    await inTransaction(pool, async client => {
      await holdUp()
      await client.query('insert into effects values ($1)', [by])
      if (claim !== undefined) await keepAnswer(client, { claim, answer })
    })
    if (claim !== undefined) claim.isKept = true
    return new Response(answer.body, { status: 201 })
  }
}

function gate() {
  let open: () => void = () => undefined
  const opened = new Promise<void>(resolve => {
    open = resolve
  })
  return { opened, open }
}

describe('a handler that keeps its answer in the transaction of its effect', () => {
  test('has one effect, also when it works for longer than its claim holds and a repetition overtakes it', async () => {
    const { opened, open } = gate()
    const slow = serve(moving('slow', () => opened))()
    await eventually('the slow one has its claim', async () => (await count('idempotency_claims')) === 1)
    await endClaims()
    expect(await serve(moving('fast'))()).toEqual({ status: 201, isReplayed: false, text: 'fast' })
    open()
    expect(await slow).toEqual({ status: 201, isReplayed: true, text: 'fast' })
    expect((await pool.query('select by from effects')).rows).toEqual([{ by: 'fast' }])
  })

  test('has none when its answer is too large to be kept', async () => {
    const handle: Route['handle'] = async (_, claim) => {
      await inTransaction(pool, async client => {
        await client.query("insert into effects values ('too large')")
        const body = Buffer.alloc(answerBytesMax + 1)
        if (claim !== undefined) await keepAnswer(client, { claim, answer: { status: 201, headers: {}, body } })
      })
      return new Response('never')
    }
    expect((await serve(handle)()).status).toBe(500)
    expect(await count('effects')).toBe(0)
  })

  test('gives the stored answer to a repetition when it fails after its commit', async () => {
    const handle: Route['handle'] = async (context, claim) => {
      await moving('done')(context, claim)
      throw new AppError('STORE_UNAVAILABLE', 'the database went away behind the commit')
    }
    expect((await serve(handle)()).status).toBe(503)
    expect(await serve(handle)()).toEqual({ status: 201, isReplayed: true, text: 'done' })
    expect(await count('effects')).toBe(1)
  })
})

describe('a handler without a transaction', () => {
  test('that fails leaves the key free: the repetition is carried out', async () => {
    let calls = 0
    const ask = serve(() => {
      calls += 1
      if (calls === 1) throw new Error('a mistake of ours')
      if (calls === 2) throw new AppError('KAFKA_UNAVAILABLE', 'no broker')
      if (calls === 3) throw new AppError('CHECKOUT_IN_PROGRESS', 'another press is under way')
      return new Response('done', { status: 201 })
    })
    const statuses = [(await ask()).status, (await ask()).status, (await ask()).status, (await ask()).status]
    expect(statuses).toEqual([500, 503, 409, 201])
    expect(await ask()).toEqual({ status: 201, isReplayed: true, text: 'done' })
    expect(calls).toBe(4)
  })

  test('gives its answer when that cannot be stored; repetitions wait for the claim to expire', async () => {
    let calls = 0
    const ask = serve(async () => {
      calls += 1
      if (calls === 1) await pool.query('alter table idempotency_answers rename to away')
      return new Response(`made ${calls}`, { status: 201 })
    })
    const first = await ask()
    await pool.query('alter table away rename to idempotency_answers')
    expect(first).toEqual({ status: 201, isReplayed: false, text: 'made 1' })
    expect((await ask()).status).toBe(409)
    await endClaims()
    expect(await ask()).toEqual({ status: 201, isReplayed: false, text: 'made 2' })
  })
})

test('while the database is down nothing is done, and the sender may retry', async () => {
  const away = createPool({ ...database.address, host: '/nowhere' }, { connectionsMax: 1, name: 'away', log })
  expect((await serve(moving('unasked'), away)()).status).toBe(503)
  await away.end()
  expect(await count('effects')).toBe(0)
})

describe('what was kept for a day', () => {
  const day = 24 * 3_600_000

  async function fill(hours: number, keys: number) {
    await pool.query(
      `insert into idempotency_claims
       select '\\x01', 'key ' || $1 || ' ' || n, '\\x02', gen_random_uuid(), now() - $1::int * interval '1 hour'
         from generate_series(1, $2) n`,
      [hours, keys],
    )
    await pool.query(
      `insert into idempotency_answers
       select scope, key, fingerprint, 201, '{}', '', claimed_until from idempotency_claims
       on conflict do nothing`,
    )
  }

  test('is removed in small batches, and nothing younger', async () => {
    await fill(23, 5)
    await fill(25, 25)
    expect([await removeOldKeys(pool, day, 10), await removeOldKeys(pool, day, 10)]).toEqual([10, 10])
    expect([await removeOldKeys(pool, day, 10), await removeOldKeys(pool, day, 10)]).toEqual([5, 0])
    expect([await count('idempotency_claims'), await count('idempotency_answers')]).toEqual([5, 5])
  })

  test('is removed by any instance: rows that another has locked are skipped', async () => {
    await fill(25, 20)
    await inTransaction(pool, async client => {
      await client.query("delete from idempotency_claims where key in ('key 25 1', 'key 25 2')")
      await removeOldKeys(pool, day, 100)
      expect(await count('idempotency_claims')).toBe(2)
    })
    expect(await count('idempotency_claims')).toBe(0)
  })

  test('goes while the service runs, and its key is as good as new', async () => {
    let calls = 0
    const ask = serve(() => new Response(`made ${++calls}`, { status: 201 }))
    await ask()
    await pool.query("update idempotency_claims set claimed_until = now() - interval '25 hours'")
    await pool.query("update idempotency_answers set kept_at = now() - interval '25 hours'")
    await fill(26, 1_200)
    const stop = new AbortController()
    const forgetting = expireIdempotencyKeys({ pool, isClockRight: () => true, log }, stop.signal)
    await eventually('everything old is gone', async () => (await count('idempotency_answers')) === 0)
    stop.abort()
    await forgetting
    expect(await ask()).toEqual({ status: 201, isReplayed: false, text: 'made 2' })
  })
})
