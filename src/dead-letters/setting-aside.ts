import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseError } from 'pg'
import type { ErrorCode } from '../errors.ts'
import { type Backoff, backoffMs } from '../platform/backoff.ts'
import { retryWhileUnavailable } from '../platform/retry.ts'
import type { KafkaMessage } from '../platform/kafka/client.ts'
import type { HandleBatch } from '../platform/kafka/tracing.ts'
import type { Logger } from '../platform/log.ts'
import { isMistake } from '../platform/mistakes.ts'
import { faultOf, type Pool } from '../platform/postgres.ts'
import { toDeadLetter } from './dead-letter.ts'
import { recordDeadLetters } from './recording.ts'
import { noteBatch, noteEnd, noteTry, type Range } from './tries.ts'

/** How often a message that is handled alone may fail, and how often the process may end meanwhile. */
export const failuresMax = 3
export const endsMax = 2
const backoff: Backoff = { firstMs: 150, maxMs: 400 }

/** So many messages of a partition are watched after a start: more than were being handled when a process ended. */
export const watchedMessages = 5_000n
/** A batch has no more messages than that. */
const batchMessagesMax = 1_000n

const waiting = 'messages from Kafka wait for the database'

export type SettingAsideOptions = {
  pool: Pool
  /** Of the letters that it makes. */
  code: ErrorCode
  log: Logger
  stop: AbortSignal
  onSetAside?(): void
}

/** Whether an error is about what was handled. An outage never is, nor a database that does not work as it should. */
export function blamesMessage(error: unknown): boolean {
  return error instanceof DatabaseError ? faultOf(error) === 'data' : isMistake(error)
}

/**
 * Makes messages dead letters that break their handling each time, so that those behind them go on.
 *
 * - A batch that fails because of what is in it is handled message by message; one that fails again, several times and while the
 *   database answers, is set aside.
 * - A message that ends the process (or hangs it until somebody does) leaves a note in the database: after a start it is
 *   noted which batches are being handled. Whoever finds such a note handles the messages one by one, each with a note of its
 *   own; one at which processes have ended several times is set aside without being handled.
 *
 * Outages are waited for, in `handle` and here, and count for nothing. Once a partition runs, a batch costs nothing more.
 */
export function settingAside(handle: HandleBatch, options: SettingAsideOptions): HandleBatch {
  const { pool, log, stop } = options
  /** By partition: the offset behind the last message that was handed in, the end of being watched, and of being suspected. */
  const next = new Map<number, bigint>()
  const watchedUntil = new Map<number, bigint>()
  const suspectedUntil = new Map<number, bigint>()
  /** Resolves when the watched batch before has begun; a suspected one has ended then. */
  let begun: Promise<void> | undefined
  const underWay = new Set<Promise<void>>()

  function isWatched(ranges: readonly Range[]): boolean {
    let isAny = false
    for (const { partition, first, last } of ranges) {
      const expected = next.get(partition)
      // New to this process, or it comes again because it was not committed. Gaps are usual: not every offset is a message.
      if (expected === undefined || first < expected) watchedUntil.set(partition, first + watchedMessages)
      next.set(partition, last + 1n)
      if (first < (watchedUntil.get(partition) ?? 0n)) isAny = true
    }
    return isAny
  }

  const wait = <Result>(work: () => Promise<Result>) => retryWhileUnavailable(work, waiting, log, stop)

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

  async function handleOneByOne(messages: readonly KafkaMessage[], traceparent: string | undefined): Promise<void> {
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

  async function attempt(messages: readonly KafkaMessage[], traceparent: string | undefined): Promise<void> {
    try {
      await handle(messages, traceparent)
    } catch (error) {
      if (!blamesMessage(error)) throw error
      log.warn({ err: error, messages: messages.length }, 'a batch could not be handled; it is handled one by one')
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

  async function runWatched(
    messages: readonly KafkaMessage[],
    ranges: readonly Range[],
    traceparent: string | undefined,
    onBegun: () => void,
  ): Promise<void> {
    const topic = messages[0]?.topic ?? ''
    for (const [partition, latest] of await wait(() => noteBatch(pool, topic, ranges))) {
      suspectedUntil.set(partition, latest + batchMessagesMax)
    }
    const isSuspected = ({ partition, offset }: KafkaMessage) => offset < (suspectedUntil.get(partition) ?? 0n)
    const suspected = messages.filter(isSuspected)
    try {
      if (suspected.length === 0) {
        const work = run(messages, traceparent)
        onBegun()
        await work
      } else {
        log.warn({ messages: suspected.length }, 'an earlier process did not end what it began; handled one by one')
        // Nothing else is handled meanwhile, so that it is known who is to blame.
        await Promise.allSettled(underWay)
        const others = messages.filter(message => !isSuspected(message))
        if (others.length > 0) await run(others, traceparent)
        await handleOneByOne(suspected, traceparent)
      }
    } catch (error) {
      await noteEnd(pool, topic, ranges).catch(() => undefined)
      throw error
    }
    await wait(() => noteEnd(pool, topic, ranges))
  }

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

/** What a batch has of each partition; the messages of one are in the order of their offsets. */
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
