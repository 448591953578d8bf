import { AppError } from '../errors.ts'
import type { Notifier } from '../events/notifier.ts'
import { memoryBudget } from '../platform/memory-budget.ts'
import type { PublicParcels, ShownParcel } from './public-parcels.ts'

/** A quiet stream gets a comment this often, so that no proxy takes it for dead. */
const heartbeatMs = 15_000
/** A reader that leaves what is there for this long is cut off; it comes back and gets the parcel as it is then. */
const takeWithinMs = 30_000
/** Without notice that something has changed a parcel is read again after this: a notice may have been missed. */
const readAgainMs = 5_000
/** What a stream takes of the memory budget while it is open. */
const streamBytes = 16 * 1024

export type LiveOptions = Readonly<{
  parcels: PublicParcels
  /** Notified when a parcel may have changed, here or on another instance. */
  changed: Notifier
  /** The service stops. */
  stop: AbortSignal
}>

const encoder = new TextEncoder()

/**
 * A parcel as server-sent events without end: as it is, and again whenever it has changed.
 *
 * @param first the parcel as it is
 * @throws AppError OVERLOADED when as many streams are open as the memory budget has room for
 */
export function streamParcel(number: string, first: ShownParcel, { parcels, changed, stop }: LiveOptions): Response {
  if (!memoryBudget.acquire('streams', streamBytes)) throw new AppError('OVERLOADED', 'too many streams are open')
  const ended = new AbortController()
  const stopped = AbortSignal.any([stop, ended.signal])
  let last: ShownParcel | undefined
  let cutOff: ReturnType<typeof setTimeout> | undefined
  const end = () => {
    clearTimeout(cutOff)
    if (!ended.signal.aborted) memoryBudget.release('streams', streamBytes)
    ended.abort()
  }
  return new Response(
    new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          clearTimeout(cutOff)
          const next = last === undefined ? first : await nextOf(number, last, { parcels, changed, stop: stopped })
          if (next === 'ended') {
            end()
            controller.close()
            return
          }
          if (next !== 'quiet') last = next
          controller.enqueue(next === 'quiet' ? encoder.encode(': alive\n') : messageOf(next))
          cutOff = setTimeout(() => {
            end()
            controller.close()
          }, takeWithinMs)
        },
        cancel: end,
      },
      { highWaterMark: 0 },
    ),
    {
      headers: {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        vary: 'accept',
        'x-accel-buffering': 'no',
      },
    },
  )
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

function messageOf({ bytes }: ShownParcel): Uint8Array {
  return Buffer.concat([encoder.encode('event: parcel\ndata: '), bytes, encoder.encode('\n\n')])
}
