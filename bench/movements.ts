import { join } from 'node:path'
import type { Client } from 'pg'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import type { BenchmarkContext } from './context.ts'
import { createDatabase, dropDatabase, settle, withClient } from './environment.ts'
import type { Findings } from './figures.ts'

const movementsDefault = 1_000_000
const runs = 3
/** Movements of an item: receipts, and every tenth a transfer, which has two rows and one event. */
const perItem = 100

/** How long `./orders verify` takes on a million movements, each with its event. */
export async function benchMovements({ environment, note, orders }: BenchmarkContext): Promise<Findings> {
  const items = Math.ceil((orders ?? movementsDefault) / perItem)
  const server = await environment.postgres()
  const address = await createDatabase(server)
  try {
    note(`movements: writing ${items * perItem}`)
    await withClient(address, client => fill(client, items))
    await settle(address)
    const seconds: number[] = []
    for (let run = 0; run < runs; run += 1) {
      note('movements: verifying')
      seconds.push(await verify(address))
    }
    return {
      figures: [
        {
          ...{ what: 'movements verified, with their events', value: Math.min(...seconds), unit: 's' },
          must: { of: 'value', atMost: 10 },
        },
      ],
      notes: [
        `${items * perItem} movements and events of ${items} items; ${seconds.map(one => one.toFixed(1)).join(', ')} s`,
      ],
    }
  } finally {
    await dropDatabase(server, address)
  }
}

/** Runs the command as a person does. @throws Error with what it said when it has found something */
async function verify({ host, port, user, password, database }: PostgresAddress): Promise<number> {
  const { PATH = '', HOME = '' } = process.env
  const root = join(import.meta.dirname, '..')
  const env = { PATH, HOME, DB_HOST: host, DB_PORT: String(port), DB_USER: user, DB_NAME: database }
  const startedMs = performance.now()
  const child = Bun.spawn([join(root, 'orders'), 'verify'], {
    ...{ cwd: root, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' },
    env: { ...env, DB_PASSWORD: password ?? '' },
  })
  const [out, said] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  if ((await child.exited) !== 0) throw new Error(`${said}${out}`)
  return (performance.now() - startedMs) / 1000
}

/** As the service writes them, with all on hand. */
async function fill(client: Client, items: number): Promise<void> {
  const at = `timestamptz '2026-01-01' + (item * ${perItem} + number) * interval '1 second'`
  const isTransfer = 'number % 10 = 0'
  const each = `generate_series(1, ${items}) item, generate_series(1, ${perItem}) number`
  const quantity = `case when ${isTransfer} then side * 2 - 1 else 10 end`
  const externalId = `case when number % 2 = 0 then 'wms-' || item || '-' || number end`
  await client.query(
    `insert into items (chrt_id, nm_id, name, brand, size, prices, sale, tax_class, active, min_quantity, quantity_step, backorder, updated_at, search)
     select item, item, 'Hat', '', '', '{}', 0, 'standard', true, 1, 1, 'refuse', now(), 'hat' from generate_series(1, ${items}) item`,
  )
  await client.query(
    `insert into locations (location, name, priority, countries, active, updated_at) values ('east', 'East', 1, '{}', true, now())`,
  )
  await client.query(
    `insert into stock_movements (chrt_id, movement_id, location, kind, quantity, on_hand, reserved, unavailable, reason, actor, external_id,
                                  recorded_at)
     select item, item::bigint * 1000 + number * 2 + side, case side when 1 then 'east' else 'main' end,
            case when ${isTransfer} then 'transferred' else 'received' end, ${quantity}, ${quantity}, 0, 0, 'delivery', 'warehouse',
            case when side = 0 then ${externalId} end, ${at}
       from ${each}, generate_series(0, 1) side where side = 0 or ${isTransfer}`,
  )
  await client.query(
    `insert into events (stream_type, stream_id, sequence, type, recorded_at, data)
     select 'item', item::text, number, 'stock.adjusted', ${at},
            '{"chrt_id":' || item || ',"movement_id":' || item::bigint * 1000 + number * 2 || ',"location":"main","to_location":' ||
            case when ${isTransfer} then '"east","kind":"transferred","quantity":-1' else 'null,"kind":"received","quantity":10' end ||
            ',"reason":"delivery","actor":"warehouse","external_id":' || coalesce('"' || ${externalId} || '"', 'null') ||
            ',"location_stock":{"on_hand":100,"reserved":4,"unavailable":0,"available":96},' ||
            '"stock":{"on_hand":100,"reserved":4,"unavailable":0,"available":96}}'
       from ${each}`,
  )
  await client.query(
    `insert into stock (chrt_id, location, on_hand, reserved, unavailable, backorder_limit, backorder_bound, as_of)
     select chrt_id, location, sum(on_hand), 0, 0, 0, 0, max(recorded_at) from stock_movements group by chrt_id, location`,
  )
  await client.query(
    `insert into item_streams (chrt_id, version, level, updated_at)
     select chrt_id, ${perItem}, 'in_stock', max(recorded_at) from stock_movements group by chrt_id`,
  )
  await client.query('vacuum analyze')
}
