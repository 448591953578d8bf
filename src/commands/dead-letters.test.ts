import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createOrdersDatabase } from '../../test/app.ts'
import { makeOrders } from '../../test/orders.ts'
import { environmentOf, runCommand } from '../../test/run-cli.ts'
import { seedDeadLetters } from '../../test/seed-dead-letters.ts'
import { readConfig } from '../config.ts'
import { modules } from '../modules.ts'
import type { OrderDocument } from '../orders/document.ts'
import { createLogger } from '../platform/log.ts'
import { replayCommand } from './dead-letters-resolve.ts'

setDefaultTimeout(30_000)
let database: Awaited<ReturnType<typeof createOrdersDatabase>>
let folder: string

beforeAll(async () => {
  database = await createOrdersDatabase()
  folder = mkdtempSync(join(tmpdir(), 'orders-dead-letters-'))
})

afterAll(async () => {
  rmSync(folder, { recursive: true })
  await database.drop()
})

/** Runs `dead-letters` on the database: no service is running. */
const run = (...args: string[]) => runCommand(['dead-letters', ...args], environmentOf(database.address))

const record = (...given: Parameters<typeof seedDeadLetters> extends [unknown, ...infer Rest] ? Rest : never) =>
  seedDeadLetters(database.pool, ...given)

async function placedEvents(prefix: string): Promise<number> {
  const { rows } = await database.pool.query(
    "select count(*)::int as n from orders join events on stream_id = order_uid where type = 'order.placed' and order_uid like $1",
    [`${prefix}-%`],
  )
  return rows[0]?.n
}

test('show prints a dead letter completely, and its text cannot control the terminal', async () => {
  const value = 'Test Testov \u001b[2J\u202e'
  const command = { command_id: 1, command: 'fly' }
  const [id = '', bytes = '', other = ''] = await record('COMMAND_INVALID', [value, Buffer.from([0xff, 0]), command])
  const { exitCode, out, err } = await run('show', id)
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
  expect(out).toContain(`Dead letter ${id} is open`)
  expect(out).toContain('COMMAND_INVALID: as it was then')
  expect(out).toContain('Test Testov \\u{1b}[2J\\u{202e}')
  expect(out).not.toMatch(/(?![\n])[\p{Cc}\p{Cf}]/u)
  expect((await run('show', bytes)).out).toContain('  /wA=')
  expect((await run('show', other)).out).toContain('  /command_id  ')
  expect(JSON.parse((await run('show', other, '--json')).out)).toMatchObject({
    id: other,
    state: 'open',
    json: command,
  })
  expect(await run('show', '424242')).toMatchObject({ exitCode: 1, out: '', err: 'no dead letter has the id 424242\n' })
})

test('a dead letter is edited in a file, replayed, and shown with actor and reason', async () => {
  const [order] = makeOrders(1, 'cli') as [OrderDocument]
  const [id = ''] = await record('ORDER_INVALID', [{ ...order, items: [] }])
  const refused = await run('replay', id)
  expect(refused.exitCode).toBe(1)
  expect(refused.out).toContain(`dead letter ${id} stays open: ORDER_INVALID`)
  expect(refused.out).toContain('/items  must not have fewer than 1 items')
  const file = join(folder, 'edited.json')
  writeFileSync(file, JSON.stringify(order))
  const done = await run('replay', id, '--value', file, '--actor', 'ada', '--reason', 'items were lost')
  expect(done).toMatchObject({ exitCode: 0, out: `dead letter ${id} is replayed: placed (order ${order.order_uid})\n` })
  expect(await placedEvents('cli')).toBe(1)
  const shown = (await run('show', id)).out
  expect(shown).toContain(`ada  edited, placed  ${order.order_uid} (items were lost)`)
  expect(shown).toContain('command line  refused  ORDER_INVALID')
  const again = await run('replay', id)
  expect(again.exitCode).toBe(1)
  expect(again.err).toMatch(/^it is replayed since \S+, by "ada"\n$/)
  expect((await run('replay', id, '--value', join(folder, 'nowhere'))).err).toContain('cannot be read')
})

test('many with one reason are replayed and the rest discarded; the exit code says that some were rejected', async () => {
  const values = makeOrders(250, 'cli-many').map((order, index) => (index < 30 ? { ...order, entry: 7 } : order))
  await record('ORDER_CONFLICT', values)
  const replayed = await run('replay', '--code', 'ORDER_CONFLICT', '--topic', 'orders')
  expect(replayed.exitCode).toBe(1)
  expect(replayed.out).toMatch(/^220 replayed, 30 refused again, 0 discarded\n {2}\d+ {2}ORDER_INVALID: .*; \/entry /)
  expect(replayed.out).toContain('and 10 more')
  expect(await placedEvents('cli-many')).toBe(220)
  const again = await run('replay', '--code', 'ORDER_CONFLICT', '--json')
  const { database: _, refusals, ...sums } = JSON.parse(again.out)
  expect(sums).toEqual({ finished: true, replayed: 0, refused: 30, discarded: 0 })
  expect(refusals).toHaveLength(30)
  const discarded = await run('discard', '--code', 'ORDER_CONFLICT', '--reason', 'entry is no number')
  expect(discarded).toMatchObject({ exitCode: 0, out: '0 replayed, 0 refused again, 30 discarded\n' })
  const listed = await run('list', '--state', 'discarded', '--code', 'ORDER_CONFLICT', '--limit', '1000', '--json')
  expect(JSON.parse(listed.out)).toHaveLength(30)
})

test('one is discarded, once', async () => {
  const [id = ''] = await record('ORDER_INVALID', ['x'])
  expect(await run('discard', id, '--reason', 'noise')).toMatchObject({
    exitCode: 0,
    out: `dead letter ${id} is discarded\n`,
  })
  expect(await run('discard', id, '--reason', 'noise')).toMatchObject({ exitCode: 1, out: '' })
  expect(await run('discard', '424242', '--reason', 'noise')).toMatchObject({ exitCode: 1 })
})

test('a long run reports its progress, and ends after a batch when it is interrupted', async () => {
  await record('ORDER_REFUSED_BY_STORE', makeOrders(250, 'cli-long'))
  const stop = new AbortController()
  const said: string[] = []
  const context = {
    config: readConfig(modules, environmentOf(database.address), '/'),
    log: createLogger({ level: 'silent' }),
    stop: stop.signal,
    usesDatabase: () => undefined,
    progress(sentence: string) {
      said.push(sentence)
      if (said.length === 2) stop.abort()
    },
  }
  const answer = await replayCommand.run(context, { code: 'ORDER_REFUSED_BY_STORE' }, '')
  expect(said).toEqual(['100 replayed, 0 refused again, 0 discarded', '200 replayed, 0 refused again, 0 discarded'])
  expect(answer).toMatchObject({ isFailure: true, json: { finished: false, replayed: 200 } })
  expect(answer.text).toContain('interrupted; the rest stays open')
  expect(await placedEvents('cli-long')).toBe(200)
})
