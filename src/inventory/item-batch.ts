import { setImmediate as nextTurn } from 'node:timers/promises'
import { AppError } from '../errors.ts'
import type { JsonReading } from '../platform/json.ts'
import type { LinesSource } from '../platform/lines-response.ts'
import type { Logger } from '../platform/log.ts'
import { portionsOf } from '../platform/ndjson.ts'
import { oneAhead } from '../platform/one-ahead.ts'
import { inTransaction, type Pool } from '../platform/postgres.ts'
import { createSlots } from '../platform/slots.ts'
import type { Item, SaveOutcome } from './item.ts'
import { csvPortions } from './item-csv.ts'
import { type ItemLine, itemBytesMax, readItemLine, toItem } from './item-document.ts'
import { lockItems } from './item-locks.ts'
import { saveItems } from './item-save.ts'
import type { ItemResultView } from './views.ts'

/** Lines that are written by one transaction; two pauses are the time after which a sender that waits has its answers. */
const bounds = { linesMax: 1000, bytesMax: 2 * 1024 * 1024, lineBytesMax: itemBytesMax, pauseMs: 100 }

/** Lines read in one turn of the event loop. */
const turnLines = 50

/** Portions of all batches that are written at a time. */
const inSlot = createSlots(2)

export type ItemBatchOptions = Readonly<{ pool: Pool; now: () => number; log: Logger }>

type Line = Readonly<{ line: number; json: Uint8Array }>
type Sums = { count: number } & Record<ItemResultView['outcome'], number>

/**
 * Writes items that come as NDJSON or CSV, and answers line by line in the same order. Holds two portions in memory, whatever the length
 * of the stream: the one that is written and the next one. A line that is not valid is refused by itself.
 */
export function answerItems(
  body: AsyncIterable<Uint8Array>,
  type: 'ndjson' | 'csv',
  options: ItemBatchOptions,
): LinesSource {
  const sums = { count: 0, created: 0, updated: 0, unchanged: 0, refused: 0 }
  const portions = type === 'csv' ? csvPortions(body, bounds.linesMax) : jsonPortions(body)
  return { lines: answersTo(portions, options, sums), sums: () => sums, log: options.log }
}

async function* jsonPortions(body: AsyncIterable<Uint8Array>): AsyncGenerator<Line[]> {
  let first = 1
  const tooLong = () => new AppError('BODY_TOO_LARGE', `a line has at most ${itemBytesMax} bytes`)
  for await (const portion of portionsOf(body, bounds, tooLong)) {
    yield portion.flatMap((json, index) => (json.byteLength === 0 ? [] : [{ line: first + index, json }]))
    first += portion.length
  }
}

async function* answersTo(
  portions: AsyncGenerator<readonly Line[]>,
  options: ItemBatchOptions,
  sums: Sums,
): AsyncGenerator<Uint8Array> {
  for await (const readings of oneAhead(readingsOf(portions, options.now))) {
    const results = await inSlot(() => answerPortion(readings, options))
    sums.count += results.length
    for (const { outcome } of results) sums[outcome] += 1
    // An empty piece says that the sender pauses.
    yield Buffer.from(results.map(result => `${JSON.stringify(result)}\n`).join(''))
  }
}

type Readings = Readonly<{ nowMs: number; lines: readonly { line: number; reading: JsonReading<ItemLine> }[] }>

async function* readingsOf(portions: AsyncGenerator<readonly Line[]>, now: () => number): AsyncGenerator<Readings> {
  for await (const portion of portions) {
    const nowMs = now()
    const lines: { line: number; reading: JsonReading<ItemLine> }[] = []
    for (const [index, { line, json }] of portion.entries()) {
      if (index % turnLines === turnLines - 1) await nextTurn()
      lines.push({ line, reading: readItemLine(json, nowMs) })
    }
    yield { nowMs, lines }
  }
}

async function answerPortion({ nowMs, lines }: Readings, { pool }: ItemBatchOptions): Promise<ItemResultView[]> {
  // Of two lines with one item the later is written.
  const items = new Map<number, Item>()
  for (const { reading } of lines) {
    if (reading.kind === 'value') items.set(reading.value.chrt_id, toItem(reading.value.chrt_id, reading.value, nowMs))
  }
  const outcomes = await saveTogether(pool, [...items.values()], nowMs)
  return lines.map(({ line, reading }): ItemResultView => {
    if (reading.kind === 'refused')
      return { line, outcome: 'refused', code: 'ITEM_INVALID', errors: reading.violations }
    const { chrt_id } = reading.value
    return { line, chrt_id, outcome: outcomes.get(chrt_id) ?? 'unchanged' }
  })
}

/** Writes items in one transaction. @param items each once */
export async function saveTogether(
  pool: Pool,
  items: readonly Item[],
  nowMs: number,
): Promise<ReadonlyMap<number, SaveOutcome>> {
  if (items.length === 0) return new Map()
  return inTransaction(pool, async client => {
    await lockItems(
      client,
      items.map(({ chrtId }) => chrtId),
    )
    return saveItems(client, items, nowMs)
  })
}
