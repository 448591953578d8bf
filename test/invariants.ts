import { expect } from 'bun:test'
import { isDeepStrictEqual } from 'node:util'
import { Client } from 'pg'
import { modules } from '../src/modules.ts'
import type { CheckResult } from '../src/platform/integrity.ts'
import { createLogger } from '../src/platform/log.ts'
import { createPool, type Pool, type PostgresAddress } from '../src/platform/postgres.ts'
import { verifyDatabase } from '../src/verify.ts'
import { valuesOf } from './settings.ts'

/** The guarantees, checked after every fault. */

const fieldsOfService = ['status', 'payment_status', 'delivery_status', 'version', 'updated_at']
const listed = 10

/** The rows of one statement, on a connection of its own. */
export async function queryDatabase(address: PostgresAddress, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ ...address, password: address.password ?? '' })
  // A server that is killed in a test ends this connection too; the query reports that.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.query(text)).rows
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** A number that a statement returns. */
export async function countInDatabase(address: PostgresAddress, text: string): Promise<number> {
  return Number(Object.values((await queryDatabase(address, text))[0] ?? {})[0])
}

/**
 * Every acknowledged order is stored exactly once and reads back as it was sent, and nothing is stored that was not
 * sent.
 *
 * @param url of a service
 * @param sent JSON by uid: whatever may be stored
 * @param acknowledged uids of those that must be
 */
export async function expectOrders(
  url: string,
  sent: ReadonlyMap<string, string>,
  acknowledged: Iterable<string>,
): Promise<void> {
  const stored = new Set<string>()
  const problems: string[] = []
  let end: Record<string, unknown> | undefined
  for await (const line of linesOf(await fetch(`${url}/api/orders`, { headers: { accept: 'application/x-ndjson' } }))) {
    const order: Record<string, unknown> = JSON.parse(line)
    if ('complete' in order) {
      end = order
      continue
    }
    const uid = String(order.order_uid)
    if (stored.has(uid)) problems.push(`${uid} is stored twice`)
    stored.add(uid)
    const expected = sent.get(uid)
    if (expected === undefined) problems.push(`${uid} was not sent`)
    else if (!isAsSent(line, expected)) problems.push(`${uid} reads back as ${line}, was sent as ${expected}`)
  }
  expect(end).toEqual({ complete: true, count: stored.size })
  for (const uid of acknowledged) if (!stored.has(uid)) problems.push(`${uid} was acknowledged and is not stored`)
  expect(problems.slice(0, listed)).toEqual([])
  await expectReadOneByOne(url, sent, stored)
}

/** The same order by itself, which comes out of the cache or by another statement than the list. */
async function expectReadOneByOne(url: string, sent: ReadonlyMap<string, string>, stored: ReadonlySet<string>) {
  const step = Math.max(1, Math.floor(stored.size / 100))
  const some = [...stored].filter((_, index) => index % step === 0)
  const differing = await Promise.all(
    some.map(async uid => {
      const text = await (await fetch(`${url}/api/orders/${uid}`)).text()
      return isAsSent(text, sent.get(uid) ?? '') ? [] : [`${uid} reads back as ${text}`]
    }),
  )
  expect(differing.flat().slice(0, listed)).toEqual([])
}

function isAsSent(text: string, sent: string): boolean {
  const order: Record<string, unknown> = JSON.parse(text)
  for (const field of fieldsOfService) {
    if (!Object.hasOwn(order, field)) return false
    delete order[field]
  }
  const expected: unknown = JSON.parse(sent)
  return JSON.stringify(order) === JSON.stringify(expected) || isDeepStrictEqual(order, expected)
}

/** Everything that the command `verify` checks. */
export async function expectConsistent(address: PostgresAddress): Promise<void> {
  const pool = createPool(address, { connectionsMax: 1, name: 'test', log: createLogger({ level: 'silent' }) })
  try {
    expect(await brokenRules(pool)).toEqual([])
  } finally {
    await pool.end()
  }
}

/** The rules that `verify` finds broken where unpaid orders may wait for ever. */
export async function brokenRules(pool: Pool, nowMs: number = Date.now()): Promise<CheckResult[]> {
  const { value } = valuesOf({ UNPAID_EXPIRES_AFTER_MINUTES: '0' })
  const { results } = await verifyDatabase(pool, modules, { nowMs, value })
  return results.filter(({ broken }) => broken > 0)
}

/** The lines of an answer, as they come. */
export async function* linesOf(response: Response): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of (response.body ?? new Blob().stream()).pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}
