import { heartbeatMs, streamStates } from '../platform/state-stream.ts'
import { numberKey, orderKey, type OrderWatch, type OrderWatches } from './order-watches.ts'
import type { OpenedOrder, TrackedOrders } from './tracked-orders.ts'

/** Without notice that something has changed a page is read again after this, and sooner where notices may be missed. */
const readAgainMs = 60_000
const readAgainUnheardMs = 5_000

export type LiveOrderOptions = Readonly<{
  orders: TrackedOrders
  watches: OrderWatches
  /** Whether this instance hears within a second of what others change. */
  isInStep: () => boolean
  /** The service stops. */
  stop: AbortSignal
}>

type State = Readonly<{ bytes: Uint8Array }>

/** A tracking page as bytes that are ready to be sent. */
export function bytesOf({ page }: OpenedOrder): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(page)) as Uint8Array<ArrayBuffer>
}

/**
 * The tracking page of an order as server-sent events: as it is, and again whenever it has changed. It ends when the link is valid no
 * more.
 *
 * @throws AppError OVERLOADED when as many streams are open as the memory budget has room for
 */
export function streamOrder(token: string, first: OpenedOrder, options: LiveOrderOptions): Response {
  const watch = options.watches.open()
  watch.add(keysOf(first))
  try {
    return streamStates<State>({
      event: 'order',
      first: { bytes: bytesOf(first) },
      next: followerOf(token, watch, options),
      stop: options.stop,
      onEnd: () => watch.end(),
    })
  } catch (error) {
    watch.end()
    throw error
  }
}

const keysOf = ({ orderUid, numbers }: OpenedOrder) => [orderKey(orderUid), ...numbers.map(numberKey)]

/** @returns a function that waits until the page is another than it was */
function followerOf(token: string, watch: OrderWatch, { orders, isInStep }: LiveOrderOptions) {
  const { changed } = watch
  // What was read before it was watched may have changed meanwhile: it is read again.
  let noticed = -1
  let readAtMs = 0
  return async (last: State, stop: AbortSignal): Promise<State | 'quiet' | 'ended'> => {
    const quietAtMs = performance.now() + heartbeatMs
    while (!stop.aborted) {
      const seen = changed.seen()
      const isOld = performance.now() > readAtMs + (isInStep() ? readAgainMs : readAgainUnheardMs)
      if (seen !== noticed || isOld) {
        const found = await orders.follow(token).catch(() => 'failed' as const)
        if (found === undefined) return 'ended'
        if (found !== 'failed') {
          noticed = watch.add(keysOf(found)) ? -1 : seen
          readAtMs = performance.now()
          const bytes = bytesOf(found)
          if (Buffer.compare(bytes, last.bytes) !== 0) return { bytes }
        }
      }
      if (performance.now() > quietAtMs) return 'quiet'
      await changed.next(seen, stop)
    }
    return 'ended'
  }
}
