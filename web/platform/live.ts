import { computed, signal } from '@preact/signals'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { Refusal, request } from './api.ts'
import { FrameQueue } from './frame-queue.ts'

/** An event of the log; `data` is JSON, and left as text because in a rush most of it is never looked at. */
export type LiveEvent = { id: string; type: string; data: string }

type LiveState = 'connecting' | 'live' | 'interrupted'

/** The server says at least every 15 s that it is there. */
const silenceMsMax = 40_000
const retryMsMin = 500
const retryMsMax = 10_000
/**
 * A page that nobody has looked at for so long lets its stream go: a browser opens six connections to a server at a time, and
 * tabs that were left open would use them up.
 */
const hiddenMsMax = 30_000

const states = signal<ReadonlyMap<symbol, LiveState>>(new Map())

/** The state of what is followed now; of several the worst. Undefined while nothing is followed. */
export const liveState = computed<LiveState | undefined>(() => {
  const all = [...states.value.values()]
  return (['interrupted', 'connecting', 'live'] as const).find(state => all.includes(state))
})

/**
 * Follows a stream of events until stopped: after an interruption it goes on behind the last event that came, and says so by
 * `liveState`. Events are handed over at most once a frame, however fast they come. While nobody looks at the page it rests.
 *
 * @param options onEvents: takes what came; onStart: called when the stream starts over, so that what was before it has to
 *   be read: at first, after a rest, and where no event came before an interruption
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
    const hidden = watchHidden()
    try {
      await readStream(path, lastId, AbortSignal.any([stop, hidden.signal]), {
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
    } finally {
      hidden.end()
    }
    if (stop.aborted) return
    if (hidden.signal.aborted) {
      // There may be too much to catch up with: start over.
      lastId = undefined
      failures = -1
      setState('connecting')
      await untilVisible(stop)
      continue
    }
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

/** A signal that is aborted when the page has been hidden for long. */
function watchHidden(): { signal: AbortSignal; end: () => void } {
  const rest = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const look = () => {
    clearTimeout(timer)
    if (document.hidden) timer = setTimeout(() => rest.abort(), hiddenMsMax)
  }
  look()
  document.addEventListener('visibilitychange', look)
  const end = () => {
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', look)
  }
  return { signal: rest.signal, end }
}

/** Resolves when somebody looks at the page, at once if somebody does, and when stopped. */
function untilVisible(stop: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const look = () => {
      if (document.hidden && !stop.aborted) return
      document.removeEventListener('visibilitychange', look)
      stop.removeEventListener('abort', look)
      resolve()
    }
    document.addEventListener('visibilitychange', look)
    stop.addEventListener('abort', look)
    look()
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
