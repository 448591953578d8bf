import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { digestOf } from './keys.ts'

setDefaultTimeout(60_000)

type KeyJson = {
  id: string
  name: string
  scopes: string[]
  created_at: string
  revoked_at: string | null
  is_current: boolean
  key: string | null
}

let t: TestApp
beforeAll(async () => {
  t = await createTestApp()
})
afterAll(() => t.close())
beforeEach(async () => {
  await t.pool.query('truncate api_keys, idempotency_answers, idempotency_claims')
  await t.app.keys.load()
})

const as = (key: string | null, more: Record<string, string> = {}) => ({
  headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...more },
})

async function make(name: string, scopes: string[], by: string | null = null): Promise<KeyJson & { key: string }> {
  const response = await t.call('POST', '/api/keys', { body: { name, scopes }, ...as(by) })
  expect(response.status).toBe(201)
  return (await response.json()) as KeyJson & { key: string }
}

async function list(by: string | null, query = '') {
  const response = await t.call('GET', `/api/keys${query}`, as(by))
  return { status: response.status, link: response.headers.get('link'), keys: (await response.json()) as KeyJson[] }
}

test('a key is created, shown once, valid at once, listed, and revoked', async () => {
  const admin = await make('ada', ['admin'])
  expect(admin).toMatchObject({ name: 'ada', scopes: ['admin'], revoked_at: null })
  expect(admin.key).toMatch(/^sk_[\w-]{43}$/)
  expect((await list(null)).status).toBe(401)
  const shop = await make('shop', ['orders:read'], admin.key)
  expect((await list(shop.key)).status).toBe(403)
  const { keys } = await list(admin.key)
  expect(keys.map(({ name, is_current }) => [name, is_current])).toEqual([
    ['shop', false],
    ['ada', true],
  ])
  for (const secret of [admin.key, shop.key, digestOf(shop.key)]) expect(JSON.stringify(keys)).not.toContain(secret)

  expect((await t.call('GET', '/api/orders', as(shop.key))).status).toBe(200)
  for (const _ of ['at first', 'again']) {
    expect((await t.call('DELETE', `/api/keys/${shop.id}`, as(admin.key))).status).toBe(204)
  }
  expect((await t.call('GET', '/api/orders', as(shop.key))).status).toBe(401)
  expect((await list(admin.key)).keys[0]?.revoked_at).not.toBeNull()
})

test('all errors of a new key are reported at once', async () => {
  const body = { name: 'a\u0007', scopes: ['root', 'admin', 'admin'], until: 'tomorrow' }
  const response = await t.call('POST', '/api/keys', { body })
  expect(response.status).toBe(400)
  const { code, errors } = (await response.json()) as { code: string; errors: { pointer: string }[] }
  expect(code).toBe('REQUEST_INVALID')
  const pointers = new Set(errors.map(({ pointer }) => pointer))
  expect([...pointers].sort()).toEqual(['/name', '/scopes', '/scopes/0', '/until'])
  for (const body of [{}, { name: '', scopes: ['admin'] }, { name: 'x'.repeat(101), scopes: [] }, [], 'no JSON']) {
    expect((await t.call('POST', '/api/keys', { body })).status).toBe(400)
  }
  expect((await list(null)).keys).toEqual([])
})

test('a repeated request creates no second key, and the key is nowhere in the database', async () => {
  const request = { body: { name: 'once', scopes: ['admin'] }, ...as(null, { 'idempotency-key': randomUUID() }) }
  const first = await t.call('POST', '/api/keys', request)
  const { key, ...made } = (await first.json()) as KeyJson
  const { rows } = await t.pool.query('select body::text, headers::text from idempotency_answers')
  expect(rows).toHaveLength(1)
  const kept = Buffer.from(rows[0].body.slice(2), 'hex').toString()
  expect(JSON.parse(kept)).toEqual({ ...made, key: null })

  // The same sender as far as the service knows: nobody has a key again.
  t.app.keys.replace([])
  const again = await t.call('POST', '/api/keys', request)
  expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true'])
  expect(await again.json()).toEqual({ ...made, key: null })
  await t.app.keys.load()
  expect((await list(key)).keys).toHaveLength(1)
})

test('the list continues after its cursor', async () => {
  const { key } = await make('first', ['admin'])
  for (const name of ['second', 'third']) await make(name, ['admin'], key)
  const page = await list(key, '?limit=2')
  expect(page.keys.map(({ name }) => name)).toEqual(['third', 'second'])
  const next = /<keys(\?[^>]+)>/.exec(page.link ?? '')?.[1] ?? ''
  const last = await list(key, next)
  expect([last.link, last.keys.map(({ name }) => name)]).toEqual([null, ['first']])
  expect((await list(key, '?cursor=7&limit=0')).status).toBe(400)
})

describe('the last key', () => {
  test('may be revoked where only this machine is served, which then needs no key', async () => {
    const { id, key } = await make('only', ['admin'])
    expect((await t.call('DELETE', `/api/keys/${id}`, as(key))).status).toBe(204)
    expect((await list(null)).status).toBe(200)
  })

  test('stays where others can reach the service, and of two revoked at once one stays', async () => {
    const open = await createTestApp({ isLocal: false })
    try {
      await open.pool.query(
        `insert into api_keys (name, digest, scopes) select name, sha256(name::bytea), '{admin}' from unnest('{one,two}'::text[]) name`,
      )
      await open.app.keys.load()
      const { rows } = await open.pool.query<{ id: string }>('select id from api_keys')
      const answers = await Promise.all(rows.map(({ id }) => open.call('DELETE', `/api/keys/${id}`, as('one'))))
      expect(answers.map(({ status }) => status).sort()).toEqual([204, 409])
      const refused = answers.find(({ status }) => status === 409)
      expect(await refused?.json()).toMatchObject({ code: 'KEY_IS_LAST' })
    } finally {
      await open.close()
    }
  })
})

test.each(['7', 'no%20uuid', '%00', randomUUID()])('there is no key %s', async id => {
  const response = await t.call('DELETE', `/api/keys/${id}`)
  expect([response.status, await response.json()]).toEqual([404, expect.objectContaining({ code: 'KEY_NOT_FOUND' })])
})

test('there may be a thousand valid keys', async () => {
  await t.pool.query(
    `insert into api_keys (name, digest, scopes) select 'many', sha256(n::text::bytea), '{admin}' from generate_series(1, 1000) n`,
  )
  const response = await t.call('POST', '/api/keys', { body: { name: 'one more', scopes: ['admin'] } })
  expect([response.status, await response.json()]).toEqual([409, expect.objectContaining({ code: 'KEYS_TOO_MANY' })])
})
