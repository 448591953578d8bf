import { copyOfEvents, type NewEvent, notifyOfEvents } from '../events/append.ts'
import { copyInto } from '../platform/copy.ts'
import { copyOfAnswers, type KeptAnswer } from '../platform/idempotency/queries.ts'
import { type Pool, type PoolClient, withConnection } from '../platform/postgres.ts'
import { decideEntries, type EntriesContext, type EntryResult, type Recorded } from './decide-entries.ts'
import type { Entry } from './entry.ts'
import { insertCounts, loadContext } from './entry-queries.ts'
import { stockAdjusted } from './events.ts'
import { lockItems } from './item-locks.ts'
import { type ItemStreamState, readItemStreams, saveItemStreams } from './item-stream.ts'
import { adjustedData } from './presentation.ts'
import { levelOf, type Stock, stockKey } from './stock.ts'
import { addStock, applyMovements } from './stock-queries.ts'

export type RecordOptions = Readonly<{
  pool: Pool
  now: () => number
  /** At how many available units items are low that have no number of their own. */
  lowStockDefault: number
  /** Called after the commit. */
  onCommitted: (results: readonly EntryResult[]) => void
}>

/**
 * Records movements and counts of people and other systems, in one transaction: each by what those before it leave, and each external id
 * once. A refused one has no effect, and does not keep the others from theirs.
 *
 * @param keep makes the answers to requests with an Idempotency-Key, which are stored with the entries
 * @returns what became of each entry
 * @throws the database's error
 */
export async function recordEntries(
  options: RecordOptions,
  entries: readonly Entry[],
  keep: (results: readonly EntryResult[]) => readonly KeptAnswer[] = () => [],
): Promise<EntryResult[]> {
  const results = await withConnection(options.pool, async client => {
    await client.query('begin isolation level read committed')
    const chrtIds = entries.map(({ chrtId }) => chrtId)
    await lockItems(client, chrtIds)
    const { results, events } = await recordWithin(client, entries, { ...options, nowMs: options.now() })
    const copies = [copyOfEvents(events), copyOfAnswers(keep(results))].filter(({ items }) => items > 0)
    if (copies.length === 0) await client.query('commit')
    else await copyInto(client, copies, `${notifyOfEvents};\ncommit`)
    return results
  })
  options.onCommitted(results)
  return results
}

/**
 * The same in a transaction that somebody else commits. It holds the locks of the items.
 *
 * @returns what became of each entry, and the events, which the transaction writes with its own
 */
export async function recordWithin(
  client: PoolClient,
  entries: readonly Entry[],
  { nowMs, lowStockDefault }: Readonly<{ nowMs: number; lowStockDefault: number }>,
): Promise<{ results: EntryResult[]; events: NewEvent[] }> {
  const context = await loadContext(client, entries, nowMs)
  const results = decideEntries(entries, context)
  const recorded = results.flatMap(result => (result.kind === 'recorded' ? result.recorded : []))
  const events = recorded.length === 0 ? [] : await write(client, recorded, context, lowStockDefault)
  return { results, events }
}

/** Writes everything but the events. @returns the events */
async function write(
  client: PoolClient,
  recorded: readonly Recorded[],
  { stocks, nowMs }: EntriesContext,
  lowStockDefault: number,
): Promise<NewEvent[]> {
  const added = newStocks(recorded, stocks)
  await addStock(client, added)
  const movements = recorded.flatMap(one => one.movements)
  const applied = await applyMovements(client, movements, { stocks: [...stocks, ...added], nowMs, lowStockDefault })
  if (applied.kind === 'refused') throw new Error('movements were decided on, and the stock does not allow them')
  let next = 0
  for (const one of recorded) {
    one.movementIds = applied.movementIds.slice(next, next + one.movements.length)
    next += one.movements.length
  }
  await insertCounts(client, recorded, nowMs)
  return writeStreams(client, recorded, nowMs, lowStockDefault)
}

/** The stock of items that are tracked at a location from now on, with nothing there. */
function newStocks(recorded: readonly Recorded[], before: readonly Stock[]): Stock[] {
  const known = new Set(before.map(stockKey))
  const added = new Map<string, Stock>()
  for (const stock of recorded.flatMap(one => one.stocks)) {
    const key = stockKey(stock)
    if (known.has(key) || added.has(key)) continue
    const nothing = { onHand: 0, reserved: 0, unavailable: 0, asOfMs: Number.NEGATIVE_INFINITY }
    added.set(key, { ...stock, ...nothing, backorderBound: stock.backorderLimit })
  }
  return [...added.values()]
}

async function writeStreams(
  client: PoolClient,
  recorded: readonly Recorded[],
  nowMs: number,
  lowStockDefault: number,
): Promise<NewEvent[]> {
  const streams = await readItemStreams(client, [...new Set(recorded.map(({ entry }) => entry.chrtId))])
  const changed = new Map<number, ItemStreamState>()
  const events: NewEvent[] = []
  for (const one of recorded) {
    const { chrtId, traceparent } = one.entry
    const before = changed.get(chrtId) ?? streams.get(chrtId)
    const isTold = one.movements.length > 0
    const version = (before?.version ?? 0) + (isTold ? 1 : 0)
    // What was told of an item that was not tracked is what is found now.
    changed.set(chrtId, { chrtId, version, level: streams.get(chrtId)?.level ?? levelOf(one.stocks, lowStockDefault) })
    if (!isTold) continue
    const data = JSON.stringify(adjustedData(one))
    const at = { sequence: version, recordedAt: new Date(nowMs), traceparent }
    events.push({ streamId: String(chrtId), definition: stockAdjusted, data, ...at })
  }
  await saveItemStreams(client, [...changed.values()], nowMs)
  return events
}
