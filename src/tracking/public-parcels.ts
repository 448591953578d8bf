import { LRUCache } from 'lru-cache'
import { AppError } from '../errors.ts'
import { createAllowance } from '../platform/allowance.ts'
import type { Pool } from '../platform/postgres.ts'
import { createSlots } from '../platform/slots.ts'
import { numberForm, normalizeNumber } from './checkpoint.ts'
import { parcelKey } from './parcel.ts'
import { readShownParcels } from './parcel-queries.ts'
import { presentParcel } from './presentation.ts'

/** How many are kept, a few kilobytes each; how many are read at a time, and how many may wait for that. */
const keptMax = 5_000
const readsMax = 8
const waitingMax = 2_000

/** Reads without a key, at once and a second: trying out numbers reveals little. What is in memory costs nothing. */
const readsAllowed = { burst: 1_000, perSecond: 200 }

/** A parcel as bytes that are ready to be sent. */
export type ShownParcel = Readonly<{ bytes: Uint8Array<ArrayBuffer> }>

/** Parcels as anybody may see them. One that no shipment has is not there. */
export type PublicParcels = Readonly<{
  /**
   * Reads a parcel: at once when it is in memory.
   *
   * @param nowMs by `performance.now()`
   * @returns undefined when nothing is known of the number, or nothing may be shown
   * @throws AppError TOO_MANY_REQUESTS, OVERLOADED; the database's error
   */
  read(number: string, nowMs: number): ShownParcel | Promise<ShownParcel | undefined>
  /** Reads a parcel for a stream that is open, which the allowance does not count. */
  follow(number: string, nowMs: number): Promise<ShownParcel | undefined>
  /** Forgets parcels that were changed, here or by another instance. */
  forget(numbers: Iterable<string>): void
  /** Forgets everything: changes may have been missed. */
  forgetAll(): void
}>

type Kept = { shown: ShownParcel | undefined; readonly reading: Promise<ShownParcel | undefined> }

type Options = Readonly<{
  pool: Pool
  /** Whether this instance hears within a second of what others change; otherwise nothing is read from memory. */
  isInStep: (nowMs?: number) => boolean
}>

export function createPublicParcels({ pool, isInStep }: Options): PublicParcels {
  const kept = new LRUCache<string, Kept>({ max: keptMax })
  const mayRead = createAllowance({ ...readsAllowed, now: () => performance.now() })
  const inSlot = createSlots(readsMax)
  let waiting = 0

  function start(number: string): Kept {
    if (waiting >= waitingMax) throw new AppError('OVERLOADED', 'too many parcels are being read')
    waiting += 1
    const reading = inSlot(() => readShown(pool, number)).finally(() => {
      waiting -= 1
    })
    const one: Kept = { shown: undefined, reading }
    kept.set(number, one)
    const forget = () => {
      if (kept.peek(number) === one) kept.delete(number)
    }
    reading.then(shown => {
      one.shown = shown
      // What is not there may be there the next moment, and the one who has made it wants to see it.
      if (shown === undefined) forget()
    }, forget)
    return one
  }

  function find(
    given: string,
    nowMs: number,
    isAllowed: () => boolean,
  ): ShownParcel | Promise<ShownParcel | undefined> {
    const known = isInStep(nowMs) ? kept.get(given) : undefined
    if (known !== undefined) return known.shown ?? known.reading
    const number = normalizeNumber(given)
    if (number !== given) return find(number, nowMs, isAllowed)
    if (!isAllowed()) throw new AppError('TOO_MANY_REQUESTS', 'too many tracking numbers are asked for')
    if (!numberForm.test(number)) return Promise.resolve(undefined)
    return start(number).reading
  }

  return {
    read: (number, nowMs) => find(number, nowMs, mayRead),
    follow: async (number, nowMs) => find(number, nowMs, () => true),
    forget(numbers) {
      for (const number of numbers) kept.delete(number)
    },
    forgetAll: () => kept.clear(),
  }
}

const encoder = new TextEncoder()

/** The parcel of a number that a shipment has; of several the one that was heard of last. */
async function readShown(pool: Pool, number: string): Promise<ShownParcel | undefined> {
  const { parcels, checkpoints } = await readShownParcels(pool, number)
  const parcel = parcels.toSorted((one, other) => other.updatedAtMs - one.updatedAtMs)[0]
  if (parcel === undefined) return undefined
  const view = presentParcel(parcel, checkpoints.get(parcelKey(parcel)) ?? [])
  return { bytes: encoder.encode(JSON.stringify(view)) as Uint8Array<ArrayBuffer> }
}
