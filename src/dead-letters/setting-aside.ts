import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseError } from 'pg'
import type { ErrorCode } from '../errors.ts'
import { type Backoff, backoffMs } from '../platform/backoff.ts'
import { settledWithin } from '../platform/deadline.ts'
import type { KafkaMessage } from '../platform/kafka/client.ts'
import type { HandleBatch } from '../platform/kafka/tracing.ts'
import type { Logger } from '../platform/log.ts'
import { isMistake } from '../platform/mistakes.ts'
import { faultOf, type Pool } from '../platform/postgres.ts'
import { retryWhileUnavailable } from '../platform/retry.ts'
import { toDeadLetter } from './dead-letter.ts'
import { recordDeadLetters } from './recording.ts'
import { noteBatch, noteEnd, noteTry, type Range } from './tries.ts'

/** How often a message that is handled alone may fail, and how often the process may end during that. */
export const failuresMax = 3
export const endsMax = 2
const backoff: Backoff = { firstMs: 150, maxMs: 400 }

/** Messages of a partition that are watched after a start: more than were being handled when a process ended. */
export const watchedMessages = 5_000n
/** Messages of a batch. */
const batchMessagesMax = 1_000n

const waiting = 'messages from Kafka wait for the database'

/**
 * Handling takes milliseconds, and each of its statements fails after some seconds. One that is not over when it was looked at twice
 * while the database answered and nothing failed will never be.
 */
const silenceMs = 60_000
const looksMax = 2

export type SettingAsideOptions = {
  pool: Pool
  /** Of the dead letters that it makes. */
  code: ErrorCode
  log: Logger
  stop: AbortSignal
  onSetAside?(): void
  /** When something last failed in handling that is repeated there, such as waiting for a lock, by `performance.now()`. */
  failedAtMs?(): number
  /** How long handling may be silent before it is looked at, in milliseconds. */
  silenceMs?: number
}

/** Handling messages did not end. */
export class HandlingTimeoutError extends Error {
  override readonly name = 'HandlingTimeoutError'
}

/** Whether an error is the message's fault. An outage never is, nor a database that does not work as it should. */
export function blamesMessage(error: unknown): boolean {
  if (error instanceof HandlingTimeoutError) return true
  return error instanceof DatabaseError ? faultOf(error) === 'data' : isMistake(error)
}

/**
 * Makes dead letters of messages that break their handling each time, so that those after them go on.
 *
 * - A batch that fails because of its content is handled message by message; a message that fails again, several times and while
 *   the database answers, is set aside.
 * - Handling that never ends while the database answers counts as failed.
 * - A message that ends the process (or hangs it until somebody ends it) leaves a note in the database: after a start it is
 *   noted which batches are being handled. A process that finds such a note handles the messages one by one, each with a note of
 *   its own; one at which processes have ended several times is set aside without being handled.
 *
 * Outages are waited for, in `handle` and here, and count for nothing. Once a partition runs, a batch costs nothing more.
 */
export function settingAside(unlimited: HandleBatch, options: SettingAsideOptions): HandleBatch {
  const handle = limitSilence(unlimited, options)
  const isWatched = createWatch()
  const handleOneByOne = createOneByOne(handle, options)
  const underWay = new Set<Promise<void>>()

  async function attempt(messages: readonly KafkaMessage[], traceparent: string | undefined): Promise<void> {
    try {
      await handle(messages, traceparent)
    } catch (error) {
      if (!blamesMessage(error)) throw error
      options.log.warn({ err: error, messages: messages.length }, 'a batch could not be handled; trying one by one')
      await handleOneByOne(messages, traceparent)
    }
  }

  function run(messages: readonly KafkaMessage[], traceparent: string | undefined): Promise<void> {
    const work = attempt(messages, traceparent)
    underWay.add(work)
    const over = () => void underWay.delete(work)
    work.then(over, over)
    return work
  }

  const runWatched = createWatchedRun({ run, handleOneByOne, underWay }, options)
  /** Resolves when the watched batch before has begun; a suspected one has ended then. */
  let begun: Promise<void> | undefined

  return (messages, traceparent) => {
    const ranges = rangesOf(messages)
    const watched = isWatched(ranges)
    if (!watched && begun === undefined) return run(messages, traceparent)
    // Batches begin in the order in which they come, also those that need not be watched.
    const turn = Promise.withResolvers<void>()
    const before = begun
    begun = turn.promise
    const onBegun = () => {
      turn.resolve()
      if (begun === turn.promise) begun = undefined
    }
    const work = async () => {
      await before
      if (watched) return runWatched(messages, ranges, traceparent, onBegun)
      const running = run(messages, traceparent)
      onBegun()
      return running
    }
    return work().finally(onBegun)
  }
}

/** The same handling, which throws HandlingTimeoutError when it is silent for too long; an outage gives it all the time. */
function limitSilence(handle: HandleBatch, options: SettingAsideOptions): HandleBatch {
  const { pool, silenceMs: waitMs = silenceMs, failedAtMs = () => Number.NEGATIVE_INFINITY } = options
  return async (messages, traceparent) => {
    const work = handle(messages, traceparent).then(() => true)
    for (let looks = 0; looks < looksMax; ) {
      const sinceMs = performance.now()
      if (await settledWithin(work, waitMs)) return
      const answers = await pool.query('select 1').then(
        () => true,
        () => false,
      )
      looks = answers && failedAtMs() < sinceMs ? looks + 1 : 0
    }
    throw new HandlingTimeoutError('handling messages did not end while the database answered')
  }
}

/** Makes the function that says whether a batch must be watched: its messages are among the first of a partition after a start. */
function createWatch(): (ranges: readonly Range[]) => boolean {
  /** By partition: the offset after the last message that was handed in, and the end of being watched. */
  const next = new Map<number, bigint>()
  const watchedUntil = new Map<number, bigint>()
  return ranges => {
    let isAny = false
    for (const { partition, first, last } of ranges) {
      const expected = next.get(partition)
      // New to this process, or delivered again because it was not committed. Gaps are usual: not every offset is a message.
      if (expected === undefined || first < expected) watchedUntil.set(partition, first + watchedMessages)
      next.set(partition, last + 1n)
      if (first < (watchedUntil.get(partition) ?? 0n)) isAny = true
    }
    return isAny
  }
}

type Wait = <Result>(work: () => Promise<Result>) => Promise<Result>

/** Repeats what the database is needed for until it answers. */
function waitFor({ log, stop }: SettingAsideOptions): Wait {
  return work => retryWhileUnavailable(work, waiting, log, stop)
}

/** Makes the function that handles messages one by one, and sets those aside that fail again and again. */
function createOneByOne(handle: HandleBatch, options: SettingAsideOptions): HandleBatch {
  const { pool, log, stop } = options
  const wait = waitFor(options)

  async function setAside(message: KafkaMessage, detail: string): Promise<void> {
    const { topic, partition, offset } = message
    log.error({ topic, partition, offset: String(offset), detail }, 'a message is set aside')
    await wait(() => recordDeadLetters(pool, [toDeadLetter(message, options.code, detail)]))
    options.onSetAside?.()
  }

  async function handleAlone(message: KafkaMessage, traceparent: string | undefined): Promise<void> {
    const { topic, partition, offset } = message
    const tries = await wait(() => noteTry(pool, topic, partition, offset))
    if (tries > endsMax) return setAside(message, `the service ended ${endsMax} times while it handled the message`)
    for (let failures = 1; ; failures += 1) {
      try {
        return await handle([message], traceparent)
      } catch (error) {
        if (!blamesMessage(error)) throw error
        log.warn({ err: error, topic, partition, offset: String(offset), failures }, 'a message could not be handled')
        const name = error instanceof Error ? error.name : 'error'
        if (failures === failuresMax) return setAside(message, `handling it failed ${failures} times: ${name}`)
        await sleep(backoffMs(backoff, failures, Math.random()), undefined, { signal: stop })
        await wait(() => pool.query('select 1'))
      }
    }
  }

  return async (messages, traceparent) => {
    for (const message of messages) {
      const { topic, partition, offset } = message
      const range = { partition, first: offset, last: offset }
      try {
        await handleAlone(message, traceparent)
      } catch (error) {
        // It is not the message's fault, so nothing is held against it.
        await noteEnd(pool, topic, [range]).catch(() => undefined)
        throw error
      }
      await wait(() => noteEnd(pool, topic, [range]))
    }
  }
}

type Handling = { run: HandleBatch; handleOneByOne: HandleBatch; underWay: ReadonlySet<Promise<void>> }

/** Makes the function that handles a watched batch: with a note in the database, and message by message where one was left. */
function createWatchedRun({ run, handleOneByOne, underWay }: Handling, options: SettingAsideOptions) {
  const { pool, log } = options
  const wait = waitFor(options)
  /** By partition: the end of being suspected. */
  const suspectedUntil = new Map<number, bigint>()
  const isSuspected = ({ partition, offset }: KafkaMessage) => offset < (suspectedUntil.get(partition) ?? 0n)

  async function runSuspected(messages: readonly KafkaMessage[], traceparent: string | undefined): Promise<void> {
    const suspected = messages.filter(isSuspected)
    log.warn({ messages: suspected.length }, 'an earlier process did not finish these messages; trying one by one')
    // Nothing else is handled meanwhile, so that it is known which message is to blame.
    await Promise.allSettled(underWay)
    const others = messages.filter(message => !isSuspected(message))
    if (others.length > 0) await run(others, traceparent)
    await handleOneByOne(suspected, traceparent)
  }

  return async (
    messages: readonly KafkaMessage[],
    ranges: readonly Range[],
    traceparent: string | undefined,
    onBegun: () => void,
  ): Promise<void> => {
    const topic = messages[0]?.topic ?? ''
    for (const [partition, latest] of await wait(() => noteBatch(pool, topic, ranges))) {
      suspectedUntil.set(partition, latest + batchMessagesMax)
    }
    try {
      if (messages.some(isSuspected)) await runSuspected(messages, traceparent)
      else {
        const work = run(messages, traceparent)
        onBegun()
        await work
      }
    } catch (error) {
      await noteEnd(pool, topic, ranges).catch(() => undefined)
      throw error
    }
    await wait(() => noteEnd(pool, topic, ranges))
  }
}

/** Returns the range of each partition in a batch; the messages of one are in the order of their offsets. */
function rangesOf(messages: readonly KafkaMessage[]): Range[] {
  const ranges = new Map<number, Range>()
  let current: Range | undefined
  for (const { partition, offset } of messages) {
    if (current?.partition !== partition) current = ranges.get(partition)
    if (current === undefined) {
      current = { partition, first: offset, last: offset }
      ranges.set(partition, current)
    } else current.last = offset
  }
  return [...ranges.values()]
}
