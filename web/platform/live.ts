import { computed, signal } from '@preact/signals'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { Refusal, request } from './api.ts'
import { FrameQueue } from './frame-queue.ts'

/** An event of the log. `data` is JSON, kept as text because in a burst most of it is never parsed. */
export type LiveEvent = { id: string; type: string; data: string }

type LiveState = 'connecting' | 'live' | 'interrupted'

/** The server sends something at least every 15 s. */
const silenceMsMax = 40_000
const retryMsMin = 500
const retryMsMax = 10_000
/**
 * A page that has been hidden for this long closes its stream: a browser opens at most six connections to a server, and tabs that
 * were left open would use them up.
 */
const hiddenMsMax = 30_000

const states = signal<ReadonlyMap<symbol, LiveState>>(new Map())

/** The worst state of all open streams; undefined while there are none. */
export const liveState = computed<LiveState | undefined>(() => {
  const all = [...states.value.values()]
  return (['interrupted', 'connecting', 'live'] as const).find(state => all.includes(state))
})

/**
 * Follows a stream of events until stopped. After an interruption it resumes after the last received event; `liveState` shows it.
 * Events are handed over at most once a frame, however fast they arrive. While the page is hidden the stream is closed.
 *
 * @param options onEvents: takes new events; onStart: called when the stream starts over and earlier events have to be read: at first,
 *   after the page was hidden, and where no event arrived before an interruption
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
      // A cursor that the log does not have: it is another log than before, and is read from now on.
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

/** Aborts its signal when the page has been hidden for long. */
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

/** Resolves when the page is visible, or when stopped. */
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

/** Waits; returns early when the network or the user comes back, or when stopped. */
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
