import { computed, signal } from '@preact/signals'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { Refusal, request } from './api.ts'

/** An event of the log; `data` is JSON, and left as text because in a rush most of it is never looked at. */
export type LiveEvent = { id: string; type: string; data: string }

type LiveState = 'connecting' | 'live' | 'interrupted'

/** The server says at least every 15 s that it is there. */
const silenceMsMax = 40_000
const retryMsMin = 500
const retryMsMax = 10_000
/** What waits for the next frame; more is not taken from the server, which waits with it. */
const waitingMax = 5_000

const states = signal<ReadonlyMap<symbol, LiveState>>(new Map())

/** The state of what is followed now; of several the worst. Undefined while nothing is followed. */
export const liveState = computed<LiveState | undefined>(() => {
  const all = [...states.value.values()]
  return (['interrupted', 'connecting', 'live'] as const).find(state => all.includes(state))
})

/**
 * Follows a stream of events until stopped: after an interruption it goes on behind the last event that came, and says so by
 * `liveState`. Events are handed over at most once a frame, however fast they come.
 *
 * @param options onEvents: takes what came; onStart: called when the stream begins anew, so that what was before it has to
 *   be read: at first, and where no event came before an interruption
 */
export async function follow(
  path: string,
  options: { onEvents: (events: readonly LiveEvent[]) => void; onStart?: () => void },
  stop: AbortSignal,
): Promise<void> {
  const follower = Symbol(path)
  let lastId: string | undefined
  const setState = (state: LiveState | undefined) => {
    const next = new Map(states.peek())
    if (state === undefined) next.delete(follower)
    else next.set(follower, state)
    states.value = next
  }
  stop.addEventListener('abort', () => setState(undefined))
  setState('connecting')
  for (let failures = 0; !stop.aborted; failures += 1) {
    try {
      await readStream(path, lastId, stop, {
        onOpen() {
          failures = 0
          if (lastId === undefined) options.onStart?.()
          setState('live')
        },
        onEvents(events) {
          lastId = events.at(-1)?.id || lastId
          options.onEvents(events)
        },
      })
    } catch (error) {
      // A place that the log does not have: it is another log than before, and is read from now on.
      if (error instanceof Refusal && error.status === 400) lastId = undefined
    }
    if (stop.aborted) return
    setState('interrupted')
    await pause(Math.min(retryMsMin * 2 ** failures, retryMsMax), stop)
  }
}

async function readStream(
  path: string,
  lastId: string | undefined,
  stop: AbortSignal,
  options: { onOpen: () => void; onEvents: (events: readonly LiveEvent[]) => void },
): Promise<void> {
  const silence = new AbortController()
  let watchdog: ReturnType<typeof setTimeout> | undefined
  const heard = () => {
    clearTimeout(watchdog)
    watchdog = setTimeout(() => silence.abort(new Error('silence')), silenceMsMax)
  }
  const frames = new FrameQueue(options.onEvents)
  try {
    heard()
    const response = await request(path, {
      headers: { accept: 'text/event-stream', ...(lastId === undefined ? {} : { 'last-event-id': lastId }) },
      signal: AbortSignal.any([stop, silence.signal]),
    })
    if (response.body === null) return
    const parser = new EventSourceParserStream({ onComment: heard })
    const reader = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(parser).getReader()
    options.onOpen()
    for (;;) {
      const { done, value } = await reader.read()
      if (done || stop.aborted) return
      heard()
      await frames.add({ id: value.id ?? '', type: value.event ?? '', data: value.data })
    }
  } finally {
    clearTimeout(watchdog)
    if (!stop.aborted) frames.flush()
  }
}

/** Collects events and hands them over together before the next frame is drawn. */
class FrameQueue {
  readonly #take: (events: readonly LiveEvent[]) => void
  #waiting: LiveEvent[] = []
  #frame: Promise<void> | undefined

  constructor(take: (events: readonly LiveEvent[]) => void) {
    this.#take = take
  }

  /** Resolves at once while there is room, and otherwise when the next frame has made some. */
  add(event: LiveEvent): Promise<void> | undefined {
    this.#waiting.push(event)
    this.#frame ??= nextFrame().then(() => this.flush())
    return this.#waiting.length < waitingMax ? undefined : this.#frame
  }

  flush(): void {
    const events = this.#waiting
    this.#waiting = []
    this.#frame = undefined
    if (events.length > 0) this.#take(events)
  }
}

/** The next frame; a page that is not shown has none, and goes on a little later. */
function nextFrame(): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, 250)
    requestAnimationFrame(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}

/** A while, cut short by the network coming back, by the person coming back to the page, and by the end. */
function pause(forMs: number, stop: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const over = new AbortController()
    const end = () => {
      over.abort()
      resolve()
    }
    const timer = setTimeout(end, forMs)
    over.signal.addEventListener('abort', () => clearTimeout(timer))
    addEventListener('online', end, { signal: over.signal })
    document.addEventListener('visibilitychange', end, { signal: over.signal })
    stop.addEventListener('abort', end, { signal: over.signal })
  })
}
