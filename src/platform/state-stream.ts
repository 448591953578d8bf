import { AppError } from '../errors.ts'
import { memoryBudget } from './memory-budget.ts'

/** A quiet stream gets a comment this often, so that no proxy takes it for dead. */
export const heartbeatMs = 15_000
/** A reader that leaves what is there for this long is cut off; it comes back and gets the state as it is then. */
const takeWithinMs = 30_000
/** What a stream takes of the memory budget while it is open. */
const streamBytes = 16 * 1024

const encoder = new TextEncoder()
const heartbeat = encoder.encode(': alive\n')

/** What a stream sends: JSON as bytes. */
export type StreamedState = Readonly<{ bytes: Uint8Array }>

type StreamedStates<State extends StreamedState> = Readonly<{
  /** The name of its events. */
  event: string
  /** The state as it is. */
  first: State
  /** Waits until the state is another than it was; 'quiet' after `heartbeatMs`, 'ended' when there is nothing more to be sent. */
  next: (last: State, stop: AbortSignal) => Promise<State | 'quiet' | 'ended'>
  /** The service stops. */
  stop: AbortSignal
  /** Called once, when the stream is over. */
  onEnd?: () => void
}>

/**
 * The state of something as server-sent events: as it is, and again whenever it has changed.
 *
 * @throws AppError OVERLOADED when as many streams are open as the memory budget has room for
 */
export function streamStates<State extends StreamedState>(options: StreamedStates<State>): Response {
  const { event, first, next: nextOf, stop, onEnd } = options
  if (!memoryBudget.acquire('streams', streamBytes)) throw new AppError('OVERLOADED', 'too many streams are open')
  const ended = new AbortController()
  const stopped = AbortSignal.any([stop, ended.signal])
  let last: State | undefined
  let cutOff: ReturnType<typeof setTimeout> | undefined
  const end = () => {
    clearTimeout(cutOff)
    if (ended.signal.aborted) return
    memoryBudget.release('streams', streamBytes)
    ended.abort()
    onEnd?.()
  }
  const source = {
    async pull(controller: ReadableStreamDefaultController<Uint8Array>) {
      clearTimeout(cutOff)
      const next = last === undefined ? first : await nextOf(last, stopped)
      if (next === 'ended') {
        end()
        controller.close()
        return
      }
      if (next !== 'quiet') last = next
      controller.enqueue(next === 'quiet' ? heartbeat : messageOf(event, next))
      cutOff = setTimeout(() => {
        end()
        controller.close()
      }, takeWithinMs)
    },
    cancel: end,
  }
  return new Response(new ReadableStream<Uint8Array>(source, { highWaterMark: 0 }), { headers })
}

const headers = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  vary: 'accept',
  'x-accel-buffering': 'no',
}

function messageOf(event: string, { bytes }: StreamedState): Uint8Array {
  return Buffer.concat([encoder.encode(`event: ${event}\ndata: `), bytes, encoder.encode('\n\n')])
}
