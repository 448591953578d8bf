import type { PoolClient } from '../platform/postgres.ts'
import { entryKey, type EntriesContext, type Recorded } from './decide-entries.ts'
import type { Entry } from './entry.ts'
import { readItems } from './item-queries.ts'
import { findLocations } from './location-queries.ts'
import type { RecordedKind } from './movement.ts'
import { readStock } from './stock-queries.ts'

/** Reads what entries are decided by. The transaction holds the locks of their items. */
export async function loadContext(
  client: PoolClient,
  entries: readonly Entry[],
  nowMs: number,
): Promise<EntriesContext> {
  const chrtIds = [...new Set(entries.map(({ chrtId }) => chrtId))]
  const places = entries.flatMap(entry => [
    entry.location,
    ...(entry.type === 'movement' && entry.toLocation !== undefined ? [entry.toLocation] : []),
  ])
  const items = await readItems(client, chrtIds)
  return {
    items: new Map(items.map(item => [item.chrtId, item])),
    stocks: await readStock(client, chrtIds),
    locations: await findLocations(client, [...new Set(places)]),
    known: new Map([...(await knownMovements(client, entries)), ...(await knownCounts(client, entries))]),
    nowMs,
  }
}

type Known = [key: string, recorded: Omit<Recorded, 'stocks'>]

/** The external ids of entries of a type, as parameters. */
function externalIds(entries: readonly Entry[], type: Entry['type']): [number[], string[]] {
  const named = entries.flatMap(entry =>
    entry.type === type && entry.externalId !== undefined ? [[entry.chrtId, entry.externalId] as const] : [],
  )
  return [named.map(([chrtId]) => chrtId), named.map(([, externalId]) => externalId)]
}

type MovementRow = Readonly<{
  chrt_id: number
  movement_id: number
  location: string
  kind: RecordedKind
  quantity: number
  unavailable: number
  reason: string
  actor: string
  external_id: string
  recorded_at: number
  other_id: number | null
  to_location: string | null
}>

/** Of a transfer the movement that arrives is the item's next: both are written under its lock. */
const readMovements = `
  select m.chrt_id::float8 as chrt_id, m.movement_id::float8 as movement_id, m.location, m.kind, m.quantity::float8 as quantity,
         m.unavailable::float8 as unavailable, m.reason, m.actor, m.external_id,
         (extract(epoch from m.recorded_at) * 1000)::float8 as recorded_at,
         o.movement_id::float8 as other_id, o.location as to_location
    from (select distinct * from unnest($1::bigint[], $2::text[]) w (chrt_id, external_id)) wanted
    join stock_movements m using (chrt_id, external_id)
    left join stock_movements o
      on m.kind = 'transferred' and o.chrt_id = m.chrt_id
     and o.movement_id = (select min(n.movement_id) from stock_movements n where n.chrt_id = m.chrt_id and n.movement_id > m.movement_id)`

async function knownMovements(client: PoolClient, entries: readonly Entry[]): Promise<Known[]> {
  const ids = externalIds(entries, 'movement')
  if (ids[0].length === 0) return []
  const { rows } = await client.query<MovementRow>(readMovements, ids)
  return rows.map(row => {
    const entry: Entry = {
      ...{ type: 'movement', chrtId: row.chrt_id, location: row.location, kind: row.kind },
      ...{ reason: row.reason, actor: row.actor, externalId: row.external_id, traceparent: undefined },
      toLocation: row.to_location ?? undefined,
      quantity: row.kind === 'transferred' ? -row.quantity : row.quantity,
      inQuarantine: ['received', 'returned', 'written_off'].includes(row.kind) && row.unavailable !== 0,
    }
    const movementIds = [row.movement_id, ...(row.other_id === null ? [] : [row.other_id])]
    return [keyOf(entry), { entry, movements: [], movementIds, count: undefined, recordedAtMs: row.recorded_at }]
  })
}

type CountRow = Readonly<{
  chrt_id: number
  location: string
  counted: number
  on_hand: number
  as_of: number
  is_applied: boolean
  movement_id: number | null
  reason: string
  actor: string
  external_id: string
  recorded_at: number
}>

const readCounts = `
  select chrt_id::float8 as chrt_id, location, counted::float8 as counted, on_hand::float8 as on_hand,
         (extract(epoch from as_of) * 1000)::float8 as as_of, is_applied, movement_id::float8 as movement_id, reason, actor, external_id,
         (extract(epoch from recorded_at) * 1000)::float8 as recorded_at
    from (select distinct * from unnest($1::bigint[], $2::text[]) w (chrt_id, external_id)) wanted
    join stock_counts using (chrt_id, external_id)`

async function knownCounts(client: PoolClient, entries: readonly Entry[]): Promise<Known[]> {
  const ids = externalIds(entries, 'count')
  if (ids[0].length === 0) return []
  const { rows } = await client.query<CountRow>(readCounts, ids)
  return rows.map(row => {
    const entry: Entry = {
      ...{ type: 'count', chrtId: row.chrt_id, location: row.location, counted: row.counted, expected: undefined },
      ...{
        asOfMs: row.as_of,
        reason: row.reason,
        actor: row.actor,
        externalId: row.external_id,
        traceparent: undefined,
      },
    }
    const count = { isApplied: row.is_applied, onHand: row.on_hand }
    const movementIds = row.movement_id === null ? [] : [row.movement_id]
    return [keyOf(entry), { entry, movements: [], movementIds, count, recordedAtMs: row.recorded_at }]
  })
}

function keyOf(entry: Entry): string {
  const key = entryKey(entry)
  if (key === undefined) throw new Error('an entry was looked up without an external id')
  return key
}

/** Keeps counts. */
export async function insertCounts(client: PoolClient, counts: readonly Recorded[], nowMs: number): Promise<void> {
  const rows = counts.flatMap(({ entry, count, movementIds }) =>
    entry.type !== 'count' || count === undefined
      ? []
      : [
          {
            ...{ chrt_id: entry.chrtId, location: entry.location, counted: entry.counted, on_hand: count.onHand },
            ...{ as_of: new Date(entry.asOfMs), is_applied: count.isApplied, movement_id: movementIds[0] },
            ...{ reason: entry.reason, actor: entry.actor, external_id: entry.externalId },
          },
        ],
  )
  if (rows.length === 0) return
  // A count without a difference has no movement that would tell how old the number is.
  await client.query(
    `with given as (
       select * from json_to_recordset($1::json) given
         (chrt_id bigint, location text, counted bigint, on_hand bigint, as_of timestamptz, is_applied boolean, movement_id bigint,
          reason text, actor text, external_id text)
     ), counted as (
       update stock s set as_of = greatest(s.as_of, c.as_of)
         from (select chrt_id, location, max(as_of) as as_of from given where is_applied group by chrt_id, location) c
        where s.chrt_id = c.chrt_id and s.location = c.location and s.as_of < c.as_of
     )
     insert into stock_counts (chrt_id, location, counted, on_hand, as_of, is_applied, movement_id, reason, actor, external_id, recorded_at)
     select chrt_id, location, counted, on_hand, as_of, is_applied, movement_id, reason, actor, external_id, $2 from given`,
    [JSON.stringify(rows), new Date(nowMs)],
  )
}
