import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import { createTestDatabase } from '../../test/database.ts'
import { lastOutdatedMs } from '../../test/kafka.ts'
import { environmentOf, runCli } from '../../test/run-cli.ts'
import { readConfig } from '../config.ts'
import { AppError } from '../errors.ts'
import { scopesOf } from '../module.ts'
import { modules } from '../modules.ts'
import { createLogger } from '../platform/log.ts'
import { startService } from '../service.ts'
import { createAccessCheck, digestOf, generateKey, KeyRing } from './keys.ts'

setDefaultTimeout(60_000)

const address = 'http://localhost:8080/api/orders'

function request(headers: Record<string, string>): Request {
  return new Request(address, { headers: { host: 'localhost:8080', ...headers } })
}

/** What the check says of a request: the code of the refusal, or 'served'. */
function answer(ring: KeyRing, headers: Record<string, string>, scope = 'orders:read', isLocal = true): string {
  const refusal = createAccessCheck(ring, isLocal)(request(headers), scope, performance.now())
  if (refusal instanceof Promise) throw new Error('it was not decided at once')
  return refusal?.code ?? 'served'
}

const emptyRing = () => ringOf({})

function ringOf(keys: Record<string, readonly string[]>): KeyRing {
  const ring = new KeyRing({ configured: [], read: async () => [], isInStep: () => true })
  ring.replace(Object.entries(keys).map(([key, held]) => ({ digest: digestOf(key), scopes: held })))
  return ring
}

test('a service that others can reach serves nobody without a key, even if no key is left', () => {
  expect(answer(emptyRing(), {}, 'orders:read', false)).toBe('KEY_MISSING')
  expect(answer(emptyRing(), {}, 'orders:read', true)).toBe('served')
})

describe('with keys', () => {
  const reader = generateKey()
  const ring = ringOf({ [reader]: ['orders:read'] })

  test.each([
    ['no header', {}, 'KEY_MISSING'],
    ['an unknown key', { authorization: `Bearer ${generateKey()}` }, 'KEY_UNKNOWN'],
    ['an empty key', { authorization: 'Bearer ' }, 'KEY_UNKNOWN'],
    ['another scheme', { authorization: `Basic ${reader}` }, 'KEY_UNKNOWN'],
    ['the digest in place of the key', { authorization: `Bearer ${digestOf(reader)}` }, 'KEY_UNKNOWN'],
    ['the beginning of the key', { authorization: `Bearer ${reader.slice(0, -1)}` }, 'KEY_UNKNOWN'],
    ['the key', { authorization: `Bearer ${reader}` }, 'served'],
    ['the key with the scheme in lower case', { authorization: `bearer ${reader}` }, 'served'],
    ['the key, from a page elsewhere', { authorization: `Bearer ${reader}`, origin: 'https://shop.example' }, 'served'],
  ])('%s', (_, headers, expected) => {
    expect(answer(ring, headers as Record<string, string>)).toBe(expected)
  })

  test('each scope gives access to its own routes only, admin included', () => {
    const scopes = scopesOf(modules)
    for (const held of scopes) {
      const key = generateKey()
      const opened = scopes.filter(
        scope => answer(ringOf({ [key]: [held] }), { authorization: `Bearer ${key}` }, scope) === 'served',
      )
      expect(opened).toEqual([held])
    }
  })

  test('a public route needs no key', () => {
    expect(answer(ring, {}, 'public')).toBe('served')
    expect(answer(ring, { host: 'evil.example' }, 'public')).toBe('served')
  })

  test('a revoked key counts as unknown', () => {
    const changing = ringOf({ [reader]: ['orders:read'], [generateKey()]: ['admin'] })
    expect(answer(changing, { authorization: `Bearer ${reader}` })).toBe('served')
    changing.replace([{ digest: digestOf(generateKey()), scopes: ['admin'] }])
    expect(answer(changing, { authorization: `Bearer ${reader}` })).toBe('KEY_UNKNOWN')
  })
})

describe('without any key', () => {
  test.each([
    ['localhost', { host: 'localhost:8080' }, 'served'],
    ['127.0.0.1', { host: '127.0.0.1:8080' }, 'served'],
    ['::1', { host: '[::1]:8080' }, 'served'],
    ['a name that was pointed here', { host: 'evil.example:8080' }, 'ORIGIN_REFUSED'],
    ['a name that begins like ours', { host: 'localhost.evil.example' }, 'ORIGIN_REFUSED'],
    ['our own page', { host: 'localhost:8080', origin: 'http://localhost:8080' }, 'served'],
    ['a page elsewhere', { host: 'localhost:8080', origin: 'https://evil.example' }, 'ORIGIN_REFUSED'],
    ['a page of another port', { host: 'localhost:8080', origin: 'http://localhost:3000' }, 'ORIGIN_REFUSED'],
    ['a page without an origin, like a file', { host: 'localhost:8080', origin: 'null' }, 'ORIGIN_REFUSED'],
  ])('%s', (_, headers, expected) => {
    expect(answer(emptyRing(), headers as Record<string, string>)).toBe(expected)
  })
})

test('a key has 256 random bits after its prefix, and only its digest is stored', () => {
  const key = generateKey()
  expect(key).toMatch(/^sk_[A-Za-z0-9_-]{43}$/)
  expect(generateKey()).not.toBe(key)
  expect(JSON.stringify(ringOf({ [key]: ['admin'] }))).not.toContain(key)
})

async function noMigration(): Promise<void> {}

test('a running service honours a key created by the command, and its revocation, within a second', async () => {
  const database = await createTestDatabase(noMigration)
  const environment = environmentOf(database.address)
  const stop = new AbortController()
  const config = readConfig(modules, { ...environment, SERVER_PORT: '0' }, join(import.meta.dirname, '../..'))
  const service = await startService(config, createLogger({ level: 'silent' }), stop.signal)
  const statusWith = async (key?: string) => {
    const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` }
    return (await fetch(`${service.url}/api/orders`, { headers })).status
  }
  const lastOther = (expected: number, key?: string) =>
    lastOutdatedMs(`the answer is ${expected}`, async () => (await statusWith(key)) === expected)
  try {
    expect(await statusWith()).toBe(200)
    const made = await runCli(['keys', 'create', '--name', 'shop', '--scopes', 'orders:read', '--json'], environment)
    const { id, key } = JSON.parse(made.out)
    expect(await lastOther(200, key)).toBeLessThan(1_000)
    expect(await lastOther(401)).toBeLessThan(1_000)
    await runCli(['keys', 'create', '--name', 'other', '--scopes', 'admin'], environment)
    expect(await runCli(['keys', 'revoke', id], environment)).toMatchObject({ exitCode: 0 })
    expect(await lastOther(401, key)).toBeLessThan(1_000)
  } finally {
    stop.abort()
    await service.stop()
    await database.drop()
  }
})

describe('keys that were read before a change', () => {
  const key = generateKey()
  const headers = { authorization: `Bearer ${key}` }
  const held = { digest: digestOf(key), scopes: ['orders:read'] }
  const verdict = async (ring: KeyRing) => {
    try {
      return (
        (await createAccessCheck(ring, false)(request(headers), 'orders:read', performance.now()))?.code ?? 'served'
      )
    } catch (error) {
      return error instanceof AppError ? error.code : String(error)
    }
  }

  test('are not used once the change is known, even if they cannot be read again', async () => {
    let stored: () => Promise<(typeof held)[]> = async () => [held]
    const ring = new KeyRing({ configured: [], read: () => stored(), isInStep: () => true })
    await ring.load()
    expect(await verdict(ring)).toBe('served')
    ring.noteChange()
    stored = () => Promise.reject(new Error('no connection'))
    expect(await verdict(ring)).toBe('STORE_UNAVAILABLE')
    stored = async () => []
    expect(await verdict(ring)).toBe('KEY_UNKNOWN')
  })

  test('are not restored by a query that started before it', async () => {
    const answers: ((keys: (typeof held)[]) => void)[] = []
    const read = () => new Promise<(typeof held)[]>(resolve => answers.push(resolve))
    const ring = new KeyRing({ configured: [], read, isInStep: () => true })
    const before = ring.load()
    ring.noteChange()
    const after = ring.load()
    answers[1]?.([])
    await after
    answers[0]?.([held])
    await before
    expect(ring.isCurrent(performance.now())).toBe(true)
    expect(await verdict(ring)).toBe('KEY_UNKNOWN')
  })

  test('are read again while notifications do not arrive; a configured one needs no database', async () => {
    let reads = 0
    const read = async () => {
      reads += 1
      throw new Error('no connection')
    }
    const options = { read, isInStep: () => false }
    expect(await verdict(new KeyRing({ ...options, configured: [] }))).toBe('STORE_UNAVAILABLE')
    expect(reads).toBe(1)
    expect(await verdict(new KeyRing({ ...options, configured: [held] }))).toBe('served')
    expect(reads).toBe(1)
  })
})
