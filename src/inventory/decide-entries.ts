import { AppError } from '../errors.ts'
import { decideEntry, withChanged } from './decide-entry.ts'
import type { Entry } from './entry.ts'
import type { Item } from './item.ts'
import type { Movement } from './movement.ts'
import type { Stock } from './stock.ts'

/** An entry that was recorded, now or before. */
export type Recorded = {
  readonly entry: Entry
  readonly movements: readonly Movement[]
  /** Of its movements; of a transfer first the one that leaves. Given when they are written. */
  movementIds: readonly number[]
  /** The stock of the item at all locations, behind it. */
  readonly stocks: readonly Stock[]
  readonly count: Readonly<{ isApplied: boolean; onHand: number }> | undefined
  readonly recordedAtMs: number
}

export type EntryResult =
  | Readonly<{ kind: 'recorded'; recorded: Recorded }>
  /** It was recorded before under its external id. */
  | Readonly<{ kind: 'repeated'; recorded: Recorded }>
  | Readonly<{ kind: 'refused'; error: AppError }>

/** What entries are decided by, as it is under the locks of their items. */
export type EntriesContext = Readonly<{
  items: ReadonlyMap<number, Item>
  /** The stock of the items at all locations. */
  stocks: readonly Stock[]
  locations: ReadonlySet<string>
  /** What is recorded already, by `entryKey`. */
  known: ReadonlyMap<string, Omit<Recorded, 'stocks'>>
  nowMs: number
}>

/** What identifies an entry among those of its sender; undefined without an external id. */
export function entryKey({
  chrtId,
  type,
  externalId,
}: Pick<Entry, 'chrtId' | 'type' | 'externalId'>): string | undefined {
  return externalId === undefined ? undefined : `${chrtId} ${type} ${externalId}`
}

/** Decides on entries in their order, each by what those before it leave. */
export function decideEntries(
  entries: readonly Entry[],
  { items, stocks, locations, known, nowMs }: EntriesContext,
): EntryResult[] {
  const now = new Map(Map.groupBy(stocks, ({ chrtId }) => chrtId))
  const recordedBefore = new Map(known)
  return entries.map((entry): EntryResult => {
    const { chrtId } = entry
    const of = now.get(chrtId) ?? []
    const key = entryKey(entry)
    const before = key === undefined ? undefined : recordedBefore.get(key)
    if (before !== undefined) {
      return isSame(entry, before.entry)
        ? { kind: 'repeated', recorded: { stocks: of, ...before } }
        : { kind: 'refused', error: conflict(entry) }
    }
    const decision = decideEntry(entry, { item: items.get(chrtId), stocks: of, locations, nowMs })
    if (decision.kind === 'refused') {
      const { code, detail, violations } = decision
      return { kind: 'refused', error: new AppError(code, detail, { violations }) }
    }
    const { movements, count } = decision
    const after = withChanged(of, decision.stocks)
    now.set(chrtId, after)
    const recorded = { entry, movements, movementIds: [], stocks: after, count, recordedAtMs: nowMs }
    if (key !== undefined) recordedBefore.set(key, recorded)
    return { kind: 'recorded', recorded }
  })
}

function isSame(entry: Entry, before: Entry): boolean {
  if (entry.location !== before.location) return false
  if (entry.type === 'count') return before.type === 'count' && entry.counted === before.counted
  return (
    before.type === 'movement' &&
    entry.kind === before.kind &&
    entry.quantity === before.quantity &&
    entry.toLocation === before.toLocation &&
    entry.inQuarantine === before.inQuarantine
  )
}

function conflict({ type, externalId }: Entry): AppError {
  return new AppError('STOCK_CONFLICT', `another ${type} of this item was recorded as ${externalId}`)
}
