import { findDiscounts, putDiscount } from '../carts/discount-queries.ts'
import { codeKey } from '../carts/discount.ts'
import { putMethod, putRate, readMethods, readRates } from '../carts/price-list-queries.ts'
import type { PriceLists } from '../carts/price-lists.ts'
import { advisoryLocks } from '../advisory-locks.ts'
import { AppError } from '../errors.ts'
import type { MovementEntry } from '../inventory/entry.ts'
import { saveTogether } from '../inventory/item-batch.ts'
import { listItems } from '../inventory/item-queries.ts'
import { type RecordOptions, recordEntries } from '../inventory/record-entries.ts'
import { inTransaction, type Pool } from '../platform/postgres.ts'
import { type DemoItem, demoDiscount, demoItems, demoMethods, demoRate } from './demo-catalogue.ts'

export type FillOptions = Readonly<{
  recording: RecordOptions
  /** Where the lock is held while `recording.pool` does the work: with few connections that has only one. */
  lockPool: Pool
  lists: PriceLists
  now: () => number
}>

/** What receives the stock of a demo item once, however often the catalogue is filled. */
const externalId = 'demo-catalogue'

/**
 * Makes the press that fills an empty catalogue with the demo one: items with prices and stock, delivery methods, a tax rate and a discount
 * code. What is there already stays as it is, so filling again completes what was interrupted and changes nothing else. Presses at the same
 * time on an instance are one; those on several wait for each other.
 *
 * @returns how many items were added; it throws AppError CATALOGUE_NOT_EMPTY when there are items of others, or the database's error
 */
export function createFill(options: FillOptions): () => Promise<number> {
  let running: Promise<number> | undefined
  return () => {
    running ??= inTransaction(options.lockPool, async client => {
      // Held by a connection that does nothing else: what is filled has transactions of its own.
      await client.query('select pg_advisory_xact_lock($1)', [advisoryLocks.demoCatalogue])
      return fill(options)
    }).finally(() => {
      running = undefined
    })
    return running
  }
}

async function fill(options: FillOptions): Promise<number> {
  const { recording, now } = options
  const { pool } = recording
  const everything = { search: undefined, chrtIds: undefined, nmId: undefined, active: undefined }
  // One more than the demo has: among them there is a foreign one, if there is any.
  const { items: found } = await listItems(pool, everything, undefined, demoItems.length + 1)
  const own = new Set(demoItems.map(({ item }) => item.chrtId))
  const foreign = found.find(({ chrtId }) => !own.has(chrtId))
  if (foreign !== undefined)
    throw new AppError('CATALOGUE_NOT_EMPTY', `there are items already, such as ${foreign.chrtId}`)
  await fillPrices(options)
  const known = new Set(found.map(({ chrtId }) => chrtId))
  const nowMs = now()
  const added = demoItems.filter(({ item }) => !known.has(item.chrtId))
  await saveTogether(
    pool,
    added.map(({ item }) => ({ ...item, updatedAtMs: nowMs })),
    nowMs,
  )
  const results = await recordEntries(recording, demoItems.flatMap(received))
  for (const result of results) if (result.kind === 'refused') throw result.error
  return added.length
}

async function fillPrices({ recording: { pool }, lists, now }: FillOptions): Promise<void> {
  const methods = new Set((await readMethods(pool)).map(({ method }) => method))
  for (const method of demoMethods) if (!methods.has(method.method)) await putMethod(pool, method, now())
  // A rate of others for the same place stays, and this one is left out.
  const isRateThere = (await readRates(pool)).some(({ rateId }) => rateId === demoRate.rateId)
  if (!isRateThere) await putRate(pool, demoRate.rateId, demoRate, now())
  lists.noteChange()
  const key = codeKey(demoDiscount.code)
  if (!(await findDiscounts(pool, [key])).has(key)) await putDiscount(pool, demoDiscount, now())
}

/** What brings the first units. An item that is sold out from the start receives a unit and loses it, so that its stock is tracked. */
function received({ item: { chrtId }, onHand }: DemoItem): MovementEntry[] {
  const remarks = { reason: 'the demo catalogue', actor: 'demo shop', traceparent: undefined }
  const at = { type: 'movement', chrtId, location: 'main', inQuarantine: false, ...remarks } as const
  if (onHand > 0) return [{ ...at, kind: 'received', quantity: onHand, externalId }]
  return [
    { ...at, kind: 'received', quantity: 1, externalId },
    { ...at, kind: 'adjusted', quantity: -1, externalId: `${externalId}-sold-out` },
  ]
}
