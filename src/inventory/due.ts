import { copyOfEvents, type NewEvent, notifyOfEvents } from '../events/append.ts'
import type { EventDefinition } from '../events/definition.ts'
import { copyInto } from '../platform/copy.ts'
import type { Logger } from '../platform/log.ts'
import { runPeriodically } from '../platform/periodic.ts'
import { type Pool, withConnection } from '../platform/postgres.ts'
import { stockBackInStock, stockLow } from './events.ts'
import { lockItems } from './item-locks.ts'
import { type ItemStreamState, readItemStreams, saveItemStreams } from './item-stream.ts'
import { levelSql } from './level-sql.ts'
import { numbersOf } from './presentation.ts'
import { levelOf, type Stock, type StockLevel } from './stock.ts'
import { readStock } from './stock-queries.ts'

/** How often it is looked for what is due, in milliseconds, and how many items one transaction handles. */
const pauseMs = 500
const itemsMax = 100

export type DueOptions = Readonly<{
  pool: Pool
  now: () => number
  /** At how many available units items are low that have no number of their own. */
  lowStockDefault: number
  /** Called after the commit, with the levels that items have come to. */
  onCommitted: (levels: readonly StockLevel[]) => void
  log: Logger
}>

/** Looks at items whose stock has changed, and tells of their level where it is another, until told to stop. Every instance does so. */
export async function runDue(options: DueOptions, stop: AbortSignal): Promise<void> {
  let checked: number | undefined = -1
  const run = async () => {
    if (checked !== undefined) checked = await noteOtherLevels(options, checked)
    const settled = await settleDueItems(options)
    return settled < itemsMax && checked === undefined ? 'done' : 'more'
  }
  await runPeriodically({ run, pauseMs, failure: 'stock levels could not be told', log: options.log }, stop)
}

/** How many items one statement compares: 30 ms. */
const comparedMax = 20_000

/**
 * Notes items whose level is another than was told though their stock has not changed: STOCK_LOW may have, while the service was stopped.
 *
 * @param after compares the items behind it
 * @returns the last item that was compared; undefined when that was all
 */
export async function noteOtherLevels(
  { pool, now, lowStockDefault }: Pick<DueOptions, 'pool' | 'now' | 'lowStockDefault'>,
  after: number,
): Promise<number | undefined> {
  const { rows } = await pool.query<{ last: number | null; items: number }>(
    `with told as materialized (
       select chrt_id, level from item_streams where chrt_id > $1 order by item_streams.chrt_id limit ${comparedMax}
     ), stocks as (
       select chrt_id, sum(on_hand - reserved - unavailable) as available, coalesce(min(low_stock), $2::bigint) as low_stock
         from stock
        where chrt_id > $1 and chrt_id <= (select max(chrt_id) from told)
        group by stock.chrt_id
     ), noted as (
       insert into stock_due (chrt_id, since)
       select chrt_id, $3 from told join stocks using (chrt_id) where level <> ${levelSql('available', 'low_stock')}
       on conflict do nothing
     )
     select max(chrt_id)::float8 as last, count(*)::int as items from told`,
    [after, lowStockDefault, new Date(now())],
  )
  const [{ last, items } = { last: null, items: 0 }] = rows
  return last === null || items < comparedMax ? undefined : last
}

/** Handles the items that have waited longest. @returns how many were due; `itemsMax` may mean that there are more */
export async function settleDueItems({ pool, now, lowStockDefault, onCommitted }: DueOptions): Promise<number> {
  const { rows } = await pool.query<{ chrt_id: number }>(
    `select chrt_id::float8 as chrt_id from stock_due order by since limit ${itemsMax}`,
  )
  const chrtIds = rows.map(row => row.chrt_id)
  if (chrtIds.length === 0) return 0
  const levels = await withConnection(pool, async client => {
    await client.query('begin isolation level read committed')
    await lockItems(client, chrtIds)
    const nowMs = now()
    const stocks = Map.groupBy(await readStock(client, chrtIds), ({ chrtId }) => chrtId)
    const streams = await readItemStreams(client, chrtIds)
    const changes = [...stocks].flatMap(
      ([chrtId, of]) => levelChange(streams.get(chrtId), chrtId, of, lowStockDefault) ?? [],
    )
    await saveItemStreams(
      client,
      changes.map(({ stream }) => stream),
      nowMs,
    )
    await client.query('delete from stock_due where chrt_id = any($1)', [chrtIds])
    const events = changes.flatMap(change => eventOf(change, nowMs) ?? [])
    if (events.length === 0) await client.query('commit')
    else await copyInto(client, [copyOfEvents(events)], `${notifyOfEvents};\ncommit`)
    return changes.map(({ stream }) => stream.level)
  })
  onCommitted(levels)
  return chrtIds.length
}

type LevelChange = Readonly<{
  stream: ItemStreamState
  stocks: readonly Stock[]
  /** What it is told by; undefined: nothing is told. */
  definition: EventDefinition | undefined
}>

const ranks: Readonly<Record<StockLevel, number>> = { out_of_stock: 0, low: 1, in_stock: 2 }

/** The stream of an item whose level is another than was told; undefined when it is the same. */
function levelChange(
  before: ItemStreamState | undefined,
  chrtId: number,
  stocks: readonly Stock[],
  lowStockDefault: number,
): LevelChange | undefined {
  const level = levelOf(stocks, lowStockDefault)
  const { version, level: told } = before ?? { version: 0, level: 'in_stock' }
  if (before !== undefined && level === told) return undefined
  const isLower = ranks[level] < ranks[told]
  const isBack = told === 'out_of_stock' && !isLower
  const definition: EventDefinition | undefined = isLower ? stockLow : isBack ? stockBackInStock : undefined
  return { stream: { chrtId, version: version + (definition === undefined ? 0 : 1), level }, stocks, definition }
}

function eventOf({ stream, stocks, definition }: LevelChange, nowMs: number): NewEvent | undefined {
  if (definition === undefined) return undefined
  const { chrtId, version, level } = stream
  const data = JSON.stringify({ chrt_id: chrtId, level, stock: numbersOf(stocks) })
  return { streamId: String(chrtId), sequence: version, definition, recordedAt: new Date(nowMs), data }
}
