import { hash } from 'node:crypto'
import type { Checkpoint } from './checkpoint.ts'

/**
 * A digest of what is stored of a parcel. A report is the carrier's whole list again and again: when it begins with what the digest was
 * made of, it says itself what is stored, and nothing has to be read. Pure.
 *
 * It begins with the time of the parcel's last change. Instances that know no digests change parcels without it, and one that is of another
 * time says nothing.
 */

/** What a parcel's digest is compared with. */
type Digested = Readonly<{ checkpoints: number; updatedAtMs: number; listDigest: string | undefined }>

/**
 * The digest of a parcel with these checkpoints.
 *
 * @param checkpoints all of the parcel, in any order
 * @returns undefined when they are no list: one came by itself, stands twice in the carrier's list, or lies ahead
 */
export function digestOf(checkpoints: readonly Checkpoint[], updatedAtMs: number): string | undefined {
  const list = new Array<Checkpoint | undefined>(checkpoints.length)
  for (const checkpoint of checkpoints) {
    const { position, isFuture } = checkpoint
    if (position === undefined || isFuture || position >= list.length || list[position] !== undefined) return undefined
    list[position] = checkpoint
  }
  return list.length === 0 ? undefined : digestOfList(list as Checkpoint[], list.length, updatedAtMs)
}

/**
 * The stored checkpoints of a parcel, if a report shows that they are what it begins with.
 *
 * @param list of the report, as `numbered` gives it; it came after the parcel's last change
 * @returns undefined: they have to be read
 */
export function knownBy(
  { checkpoints, updatedAtMs, listDigest }: Digested,
  list: readonly Checkpoint[],
): readonly Checkpoint[] | undefined {
  if (checkpoints === 0) return []
  if (listDigest === undefined || list.length < checkpoints) return undefined
  if (digestOfList(list, checkpoints, updatedAtMs) !== listDigest) return undefined
  return list.slice(0, checkpoints).map(checkpoint => asStored(checkpoint, updatedAtMs))
}

/** A checkpoint of a list that has no later time of arrival, and does not lie ahead. */
function asStored(checkpoint: Checkpoint, updatedAtMs: number): Checkpoint {
  return { ...checkpoint, receivedAtMs: updatedAtMs, isFuture: false }
}

/** Whether a digest is right, or of another time: then nothing follows from it. */
export function isRightDigest({ updatedAtMs, listDigest }: Digested, checkpoints: readonly Checkpoint[]): boolean {
  if (listDigest === undefined) return true
  const [time = '', digest = ''] = listDigest.split('.')
  if (!/^[0-9a-z]+$/.test(time) || !/^[\w-]{22}$/.test(digest)) return false
  return time !== timeOf(updatedAtMs) || listDigest === digestOf(checkpoints, updatedAtMs)
}

const timeOf = (updatedAtMs: number) => updatedAtMs.toString(36)

/** The digest of the first checkpoints of a list: what of them moves the parcel, and what a later report may say more exactly. */
function digestOfList(list: readonly Checkpoint[], count: number, updatedAtMs: number): string {
  let content = ''
  for (let index = 0; index < count; index += 1) {
    const { key, status, reason, localMs, zone, offsetMinutes, place } = list[index] as Checkpoint
    content += `${key}\0${status}\0${reason}\0${localMs}\0${zone}\0${offsetMinutes}\0${place}\0`
  }
  return `${timeOf(updatedAtMs)}.${hash('sha256', content, 'base64url').slice(0, 22)}`
}
