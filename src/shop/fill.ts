import { findDiscounts, putDiscount } from '../carts/discount-queries.ts'
import { codeKey } from '../carts/discount.ts'
import { putMethod, putRate } from '../carts/price-list-queries.ts'
import type { PriceLists } from '../carts/price-lists.ts'
import { AppError } from '../errors.ts'
import type { MovementEntry } from '../inventory/entry.ts'
import { saveTogether } from '../inventory/item-batch.ts'
import { listItems } from '../inventory/item-queries.ts'
import { type RecordOptions, recordEntries } from '../inventory/record-entries.ts'
import { type DemoItem, demoDiscount, demoItems, demoMethods, demoRate } from './demo-catalogue.ts'

export type FillOptions = Readonly<{ recording: RecordOptions; lists: PriceLists; now: () => number }>

/** What receives the stock of a demo item once, however often the catalogue is filled. */
const externalId = 'demo-catalogue'

/**
 * Fills an empty catalogue with the demo one: items with prices and stock, delivery methods, a tax rate and a discount code. What is there
 * already stays as it is, so filling again completes what was interrupted and changes nothing else.
 *
 * @returns how many items were added
 * @throws AppError CATALOGUE_NOT_EMPTY when there are items of others; the database's error
 */
export async function fillCatalogue(options: FillOptions): Promise<number> {
  const { recording, now } = options
  const { pool } = recording
  const everything = { search: undefined, chrtIds: undefined, nmId: undefined, active: undefined }
  // One more than the demo has: among so many there is a foreign one, if there is any.
  const found = await listItems(pool, everything, undefined, demoItems.length + 1)
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
  const { methods, rates } = await lists.current()
  for (const method of demoMethods) if (!methods.has(method.method)) await putMethod(pool, method, now())
  // A rate of others for the same place stays, and this one is left out.
  if (!rates.has(demoRate.rateId)) await putRate(pool, demoRate.rateId, demoRate, now())
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
