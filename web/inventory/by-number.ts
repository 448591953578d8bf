import { signal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { ask } from '../platform/api.ts'
import type { Item, Stock } from './item.ts'

/** Numbers that a request names at most: its address stays short enough for any proxy. */
const namedMax = 100

/**
 * Reads what belongs to the rows of a list, which names it by number only.
 *
 * @param path of a list that takes `chrt_id`
 * @param chrtIds read again whenever they are others
 * @returns what was found by its number, and whether it could be read
 */
function useByNumber<Found extends { chrt_id: number }>(path: string, chrtIds: readonly number[] | undefined) {
  const found = useMemo(() => signal<ReadonlyMap<number, Found> | undefined>(undefined), [])
  const failure = useMemo(() => signal<unknown>(undefined), [])
  useEffect(() => {
    if (chrtIds === undefined) return
    let isOver = false
    const read = async () => {
      try {
        const all = await readAll<Found>(path, [...new Set(chrtIds)])
        if (isOver) return
        found.value = new Map(all.map(one => [one.chrt_id, one]))
        failure.value = undefined
      } catch (error) {
        if (!isOver) failure.value = error
      }
    }
    void read()
    return () => {
      isOver = true
    }
  }, [chrtIds, path, found, failure])
  return { found: found.value, failure: failure.value }
}

/** The stock of items; of one that is not tracked there is none. */
export function useStocks(chrtIds: readonly number[] | undefined) {
  return useByNumber<Stock>('/api/stock', chrtIds)
}

/** The items themselves. */
export function useItems(chrtIds: readonly number[] | undefined) {
  return useByNumber<Item>('/api/items', chrtIds)
}

async function readAll<Found>(path: string, chrtIds: readonly number[]): Promise<Found[]> {
  const all: Found[] = []
  for (let first = 0; first < chrtIds.length; first += namedMax) {
    const some = chrtIds.slice(first, first + namedMax)
    all.push(...(await ask<Found[]>(`${path}?limit=${namedMax}&chrt_id=${some.join(',')}`)))
  }
  return all
}
