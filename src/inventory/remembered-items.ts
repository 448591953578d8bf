import { LRUCache } from 'lru-cache'
import type { Statement } from '../platform/round-trip.ts'
import type { Item } from './item.ts'
import { type StampedItem, stampedItems } from './item-queries.ts'
import { itemsNow } from './sellable-items.ts'

/** The most items that are remembered: a few MB. */
const itemsMax = 5_000

/** Items, and how many units of each can still be reserved. */
export type SellableItems = Readonly<{
  /** Those that were asked for, whether they are there or not. */
  chrtIds: ReadonlySet<number>
  items: readonly Item[]
  /** Without items that are not tracked. */
  reservable: ReadonlyMap<number, number>
}>

/** A reading in two rounds of statements, which are sent with others: the second is for items that have changed since they were read. */
export type ItemReading = Readonly<{
  first: readonly Statement<unknown>[]
  /** After the answers to the first. */
  second(): readonly Statement<unknown>[]
  /** After the answers to both. */
  read(): SellableItems
}>

/**
 * Items as this instance has read them last: a row of an item costs more than all stamps of a reading. What is remembered is used only
 * where the stamp says that it is still stored like that.
 */
export type RememberedItems = Readonly<{
  reading(chrtIds: readonly number[]): ItemReading
  /**
   * Items without any reading: they may have changed since. A caller that relies on them compares the stamps (`itemsNow`).
   *
   * @returns undefined when one of them is not remembered
   */
  recall(chrtIds: readonly number[]): readonly StampedItem[] | undefined
  /** Forgets everything: the database is another one. */
  clear(): void
}>

export function createRememberedItems(): RememberedItems {
  const remembered = new LRUCache<number, StampedItem>({ max: itemsMax })
  return {
    reading: chrtIds => readingOf(remembered, chrtIds),
    recall(chrtIds) {
      const known = chrtIds.flatMap(chrtId => remembered.get(chrtId) ?? [])
      return known.length === chrtIds.length ? known : undefined
    },
    clear: () => remembered.clear(),
  }
}

function readingOf(remembered: LRUCache<number, StampedItem>, chrtIds: readonly number[]): ItemReading {
  const items: Item[] = []
  const stale: number[] = []
  let reservable: ReadonlyMap<number, number> = new Map()
  const known = new Map(chrtIds.flatMap(chrtId => pairOf(chrtId, remembered.get(chrtId))))
  const unknown = chrtIds.filter(chrtId => !known.has(chrtId))
  const reading = (wanted: readonly number[]) =>
    wanted.length === 0
      ? []
      : [
          taking(stampedItems(wanted), found => {
            for (const { stamp, item } of found) {
              items.push(item)
              remembered.set(item.chrtId, { stamp, item })
            }
          }),
        ]
  const checking = taking(itemsNow([...known.keys()], chrtIds), ({ stamps, units }) => {
    reservable = units
    for (const [chrtId, { stamp, item }] of known) {
      if (stamps.get(chrtId) === stamp) items.push(item)
      else stale.push(chrtId)
    }
  })
  return {
    first: chrtIds.length === 0 ? [] : [...reading(unknown), checking],
    second: () => reading(stale),
    read: () => ({ chrtIds: new Set(chrtIds), items, reservable }),
  }
}

function pairOf(chrtId: number, known: StampedItem | undefined): readonly [number, StampedItem][] {
  return known === undefined ? [] : [[chrtId, known]]
}

function taking<Result>(statement: Statement<Result>, take: (result: Result) => void): Statement<unknown> {
  return { ...statement, read: answer => take(statement.read(answer)) }
}
