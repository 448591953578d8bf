import type { StreamDefinition } from '../events/stream-definition.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { itemStreamType } from './events.ts'
import type { StockLevel } from './stock.ts'

/** The stream of an item: what has happened to its stock. */
export const itemStream: StreamDefinition = {
  type: itemStreamType,
  heads: 'select chrt_id::text as stream_id, version, updated_at from item_streams where version > 0',
  addressOf: chrtId => `/api/stock/${chrtId}`,
}

/** The stream of an item as it is stored. */
export type ItemStreamState = Readonly<{
  chrtId: number
  /** The sequence of its last event; 0 before the first. */
  version: number
  /** What was last told of its stock. */
  level: StockLevel
}>

type StreamRow = Readonly<{ chrt_id: number; version: number; level: StockLevel }>

/** The streams of items, by number; an item that was never tracked has none. The transaction holds the items' locks. */
export async function readItemStreams(
  client: PoolClient,
  chrtIds: readonly number[],
): Promise<Map<number, ItemStreamState>> {
  const { rows } = await client.query<StreamRow>(
    'select chrt_id::float8 as chrt_id, version, level from item_streams where chrt_id = any($1)',
    [chrtIds],
  )
  return new Map(rows.map(({ chrt_id: chrtId, version, level }) => [chrtId, { chrtId, version, level }]))
}

/** Writes streams as they are now. */
export async function saveItemStreams(
  client: PoolClient,
  streams: readonly ItemStreamState[],
  nowMs: number,
): Promise<void> {
  if (streams.length === 0) return
  await client.query(
    `insert into item_streams (chrt_id, version, level, updated_at)
     select chrt_id, version, level, $2
       from json_to_recordset($1::json) given (chrt_id bigint, version integer, level text)
      order by chrt_id
     on conflict (chrt_id) do update set version = excluded.version, level = excluded.level, updated_at = excluded.updated_at`,
    [
      JSON.stringify(streams.map(({ chrtId, version, level }) => ({ chrt_id: chrtId, version, level }))),
      new Date(nowMs),
    ],
  )
}
