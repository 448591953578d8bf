import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { createTestDatabase, type TestDatabase } from '../../test/database.ts'
import { comparable, exportText, fillTables, importText, migration, migrations, withPool } from '../../test/exports.ts'
import { migrations as migrationsFolder } from '../database.ts'
import { migrate } from '../platform/migrations.ts'

setDefaultTimeout(60_000)
const folder = mkdtempSync(join(tmpdir(), 'orders-import-'))
async function noMigration(): Promise<void> {}

let t: TestApp
beforeAll(async () => {
  t = await createTestApp()
  await fillTables(t)
})
afterAll(async () => {
  await t.close()
  rmSync(folder, { recursive: true })
})

describe('an invalid import', () => {
  let text: string
  let lines: string[]
  let target: TestDatabase
  beforeAll(async () => {
    text = await exportText(t.address)
    lines = text.trimEnd().split('\n')
    target = await createTestDatabase(noMigration)
  })
  afterAll(() => target.drop())

  /** The export with one line changed, made to nothing or cut off. */
  const changed = (pattern: RegExp, change: (line: string) => string) => {
    const index = lines.findIndex(line => pattern.test(line))
    expect(index).toBeGreaterThanOrEqual(0)
    return lines.map((line, at) => (at === index ? change(line) : line)).join('\n')
  }

  test.each<[string, () => string, string]>([
    ['nothing', () => '', 'its first line is not a header'],
    ['rows without a header', () => lines.slice(1).join('\n'), 'its first line is not a header'],
    ['one that was cut off', () => text.slice(0, text.indexOf('"order_items"')), 'is not one of an export'],
    ['one without its end', () => lines.slice(0, -1).join('\n'), 'its end is missing'],
    ['one that lost a row', () => changed(/"order_items"/, () => ''), 'of order_items'],
    ['one with more behind its end', () => `${text}${lines[1]}`, 'comes after the end'],
    ['two in one', () => `${lines.slice(0, -1).join('\n')}\n${text}`, 'is a second header'],
    [
      'a row of no table',
      () => changed(/"order_items"/, line => line.replace('order_items', 'pg_class')),
      'is not a table',
    ],
    [
      'a column that is not there',
      () => changed(/"chrt_id"/, line => line.replace('chrt_id', 'x\\"; drop table orders')),
      'has a column',
    ],
    [
      'a row unlike the one before',
      () => changed(/kept-3","line"/, line => line.replace('chrt_id', 'nm')),
      'has no chrt_id',
    ],
    [
      'no bytes of UTF-8',
      () => changed(/"order_items"/, () => '{"table":"orders","row":{"order_uid":7}}'),
      'is not one of an export',
    ],
    [
      'a value that the database refuses',
      () => changed(/"price":"/, line => line.replace(/"price":"\d+"/, '"price":"-5"')),
      'violates check',
    ],
    ['the same row twice', () => changed(/"orders"/, line => `${line}\n${line}`), 'duplicate key'],
    ['a newer format', () => changed(/orders_export/, line => line.replace(':1,', ':2,')), 'newer version'],
    [
      'newer tables',
      () => changed(/orders_export/, line => line.replace(migration, '9999_later.sql')),
      'newer version',
    ],
  ])('%s: a sentence, and an empty database', async (_, make, sentence) => {
    await expect(importText(target.address, make())).rejects.toThrow(sentence)
    await withPool(target.address, async pool => {
      const { rows } = await pool.query("select to_regclass('orders') as there")
      if (rows[0].there === null) return
      expect((await pool.query('select from orders union all select from events')).rows).toEqual([])
    })
  })

  test('after all of these a complete one is imported, and then no other', async () => {
    await importText(target.address, text)
    expect(comparable(await exportText(target.address))).toEqual(comparable(text))
    await expect(importText(target.address, text)).rejects.toThrow('the database is not empty')
  })
})

test('an export of older tables is migrated, and tables newer than the export refuse it', async () => {
  const text = await exportText(t.address)
  const newer = join(folder, 'migrations')
  cpSync(migrationsFolder, newer, { recursive: true })
  writeFileSync(
    join(newer, '9999_more.sql'),
    "-- More.\nalter table orders add column more text not null default 'filled';",
  )
  const change = { folder: newer, migrations: [...migrations, '9999_more.sql'] }
  const database = await createTestDatabase(noMigration)
  await importText(database.address, text, change)
  await withPool(database.address, async pool => {
    const { rows } = await pool.query('select more, count(*)::int as orders from orders group by 1')
    const { rows: stored } = await t.pool.query('select count(*)::int as orders from orders')
    expect(rows).toEqual([{ more: 'filled', orders: stored[0]?.orders }])
  })
  await database.drop()
  const ahead = await createTestDatabase(noMigration)
  await migrate(ahead.address, newer)
  await expect(importText(ahead.address, text, change)).rejects.toThrow('newer than the export')
  await ahead.drop()
})
