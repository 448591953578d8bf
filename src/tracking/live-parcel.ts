import type { Notifier } from '../events/notifier.ts'
import { heartbeatMs, streamStates } from '../platform/state-stream.ts'
import type { PublicParcels, ShownParcel } from './public-parcels.ts'

/** Without notice that something has changed a parcel is read again after this: a notice may have been missed. */
const readAgainMs = 5_000

export type LiveOptions = Readonly<{
  parcels: PublicParcels
  /** Notified when a parcel may have changed, here or on another instance. */
  changed: Notifier
  /** The service stops. */
  stop: AbortSignal
}>

/**
 * A parcel as server-sent events without end: as it is, and again whenever it has changed.
 *
 * @param first the parcel as it is
 * @throws AppError OVERLOADED when as many streams are open as the memory budget has room for
 */
export function streamParcel(number: string, first: ShownParcel, { parcels, changed, stop }: LiveOptions): Response {
  const next = (last: ShownParcel, stopped: AbortSignal) => nextOf(number, last, { parcels, changed, stop: stopped })
  return streamStates({ event: 'parcel', first, next, stop })
}

/** Waits until a parcel is another than it was. */
async function nextOf(
  number: string,
  last: ShownParcel,
  { parcels, changed, stop }: LiveOptions,
): Promise<ShownParcel | 'quiet' | 'ended'> {
  const quietAtMs = performance.now() + heartbeatMs
  let readAtMs = Number.NEGATIVE_INFINITY
  for (let noticed = -1; !stop.aborted; ) {
    const nowMs = performance.now()
    const seen = changed.seen()
    if (seen !== noticed || nowMs > readAtMs + readAgainMs) {
      const found = await parcels.follow(number, nowMs).catch(() => last)
      if (found === undefined) return 'ended'
      if (found !== last && !isSameBytes(found, last)) return found
      noticed = seen
      readAtMs = nowMs
    }
    if (performance.now() > quietAtMs) return 'quiet'
    await changed.next(seen, stop)
  }
  return 'ended'
}

const isSameBytes = (one: ShownParcel, other: ShownParcel) => Buffer.compare(one.bytes, other.bytes) === 0
