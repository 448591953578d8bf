import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { advisoryLockSpaces } from '../advisory-locks.ts'
import type { ErasedPortion, EraseStep, Erasing, StreamName } from '../erase-part.ts'
import type { Module } from '../module.ts'
import { isLockConflict } from '../orders/order-locks.ts'
import { inTransaction, type Pool, type PoolClient } from '../platform/postgres.ts'
import type { Whom } from '../whom.ts'
import { type Erasure, findErasure, findErasuresOf, insertErasure, saveProgress } from './erasure-queries.ts'
import { namingOf } from './naming.ts'
import { marksOf, redact } from './redact.ts'

/**
 * The erasure of a customer, or of one order: everything that says who received the orders. Each module names in its `erase` what it has of that; the
 * erasure walks through their steps in portions, each of which is one transaction that also saves how far it is. So it can be killed at any
 * moment, and goes on from there: at the next request, by the command line, or by the worker of a running service.
 *
 * Amounts, the country, the ids of rows and the customer's id stay: books and numbers verify as before. What the service cannot reach is
 * told with the outcome (`notReached`).
 */

export type ErasureOptions = Readonly<{
  pool: Pool
  modules: readonly Module[]
  /** Milliseconds since 1970 by the clock of the database. */
  now: () => number
}>

export type AskedErasure = Readonly<{ whom: Whom; reason: string; actor: string }>

/** How long an erasure waits for others: for orders that are being changed, or for another instance that is at it. */
const busyPauseMs = 50

function stepsOf(modules: readonly Module[]): EraseStep[] {
  return modules.flatMap(({ erase }) => erase?.steps ?? [])
}

/** Begins an erasure, or returns the one of the same customer or order that is not finished. */
export async function beginErasure({ pool, modules, now }: ErasureOptions, asked: AskedErasure): Promise<Erasure> {
  const erasure: Erasure = {
    ...asked,
    erasureId: `era_${randomUUID().replaceAll('-', '').slice(0, 24)}`,
    step: stepsOf(modules)[0]?.name,
    position: '',
    counts: {},
    startedAtMs: now(),
    finishedAtMs: undefined,
  }
  await insertErasure(pool, erasure)
  const known = await findErasuresOf(pool, asked.whom, 100)
  const running = known.find(({ erasureId }) => erasureId === erasure.erasureId) ?? known.find(({ step }) => step)
  if (running === undefined) throw new Error('an erasure was neither begun nor is one under way')
  return running
}

/**
 * Carries on with an erasure until it is finished or told to stop.
 *
 * @param mayGoOn is asked between two portions
 * @param onPortion is called with the erasure after each portion
 * @returns the erasure as far as it is
 */
export async function continueErasure(
  options: ErasureOptions,
  erasure: Erasure,
  mayGoOn: () => boolean,
  onPortion: (erasure: Erasure) => void = () => undefined,
): Promise<Erasure> {
  let current = erasure
  while (current.step !== undefined && mayGoOn()) {
    const outcome = await erasePortion(options, current.erasureId).catch(whenLocked)
    if (outcome !== undefined) current = outcome.erasure
    onPortion(current)
    if (outcome === undefined || outcome.isBusy) await sleep(busyPauseMs)
  }
  return current
}

function whenLocked(error: unknown): undefined {
  if (!isLockConflict(error)) throw error
  return undefined
}

/** @returns undefined while another transaction is at it */
function erasePortion(
  { pool, modules, now }: ErasureOptions,
  erasureId: string,
): Promise<{ erasure: Erasure; isBusy: boolean } | undefined> {
  return inTransaction(pool, async client => {
    // An advisory lock gives no transaction id: the orders' locks must come before the first write.
    const { rows } = await client.query<{ locked: boolean }>(
      'select pg_try_advisory_xact_lock($1, hashtext($2)) as locked',
      [advisoryLockSpaces.erasures, erasureId],
    )
    if (rows[0]?.locked !== true) return undefined
    const erasure = await findErasure(client, erasureId)
    if (erasure === undefined) throw new Error(`the erasure ${erasureId} is not there any more`)
    const steps = stepsOf(modules)
    // A step that a newer version has renamed is begun again with the others.
    const step = steps.find(({ name }) => name === erasure.step) ?? steps[0]
    if (erasure.step === undefined || step === undefined) return { erasure, isBusy: false }
    const nowMs = now()
    const portion = await step.run(client, erasingOf(modules, erasure, nowMs), erasure.position)
    const after = afterPortion(erasure, steps, step, portion, nowMs)
    await saveProgress(client, after)
    return { erasure: after, isBusy: portion.isBusy === true }
  })
}

/** How far an erasure is after a portion. Pure. */
export function afterPortion(
  erasure: Erasure,
  steps: readonly EraseStep[],
  step: EraseStep,
  { erased, next }: ErasedPortion,
  nowMs: number,
): Erasure {
  const counts = { ...erasure.counts, [step.name]: (erasure.counts[step.name] ?? 0) + erased }
  if (next !== undefined) return { ...erasure, step: step.name, counts, position: next }
  const following = steps[steps.indexOf(step) + 1]?.name
  const finishedAtMs = following === undefined ? Math.max(nowMs, erasure.startedAtMs) : undefined
  return { ...erasure, step: following, counts, position: '', finishedAtMs }
}

function erasingOf(modules: readonly Module[], { whom, reason, actor }: Erasure, nowMs: number): Erasing {
  return {
    ...namingOf(modules, whom),
    nowMs,
    reason,
    actor,
    streamsOf: (client, streams) => streamsOf(modules, client, whom, streams),
    eraseOfOrders: (client, orderUids) => eraseOfOrders(modules, client, orderUids, nowMs),
    marks: marksOf(whom),
    redact: json => redact(json, whom),
  }
}

async function streamsOf(
  modules: readonly Module[],
  client: PoolClient,
  whom: Whom,
  streams: readonly StreamName[],
): Promise<StreamName[]> {
  const found: StreamName[] = []
  if (streams.length === 0) return found
  for (const { erase } of modules) found.push(...((await erase?.streamsOf?.(client, whom, streams)) ?? []))
  return found
}

async function eraseOfOrders(
  modules: readonly Module[],
  client: PoolClient,
  orderUids: readonly string[],
  nowMs: number,
): Promise<void> {
  for (const { erase } of modules) await erase?.ofOrders?.(client, orderUids, nowMs)
}
