import { arrayOf } from '../platform/array-text.ts'
import type { Statement } from '../platform/round-trip.ts'

/** What carts compare of items. */
export type ItemsNow = Readonly<{
  /** By number, of items that are there: see `StampedItem`. */
  stamps: ReadonlyMap<number, string>
  /** How many units can still be reserved, back-orders included (`reservableOf`), at all locations; of tracked items only. */
  units: ReadonlyMap<number, number>
}>

/**
 * The statement that reads stamps of items and units of others. It returns one row: a row of each item costs the driver ten times as much.
 *
 * @param stamped the items whose stamps are wanted
 * @param counted those whose units are
 */
export function itemsNow(stamped: readonly number[], counted: readonly number[]): Statement<ItemsNow> {
  const number = (chrtId: number) => chrtId
  return {
    text: 'select stamps, units from sellable_items($1, $2)',
    values: [arrayOf(stamped, number), arrayOf(counted, number)],
    read({ rows: [row = nothing] }: { rows: readonly { stamps: string | null; units: string | null }[] }) {
      const units = new Map<number, number>()
      for (const [chrtId, count] of pairsOf(row.units)) units.set(chrtId, (units.get(chrtId) ?? 0) + Number(count))
      return { stamps: new Map(pairsOf(row.stamps)), units }
    },
  }
}

const nothing = { stamps: null, units: null }

/** Values by the numbers of items: `1 first,2 second`. */
function pairsOf(text: string | null): [chrtId: number, value: string][] {
  if (text === null) return []
  return text.split(',').map(pair => {
    const space = pair.indexOf(' ')
    return [Number(pair.slice(0, space)), pair.slice(space + 1)]
  })
}
