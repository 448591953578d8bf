import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Violation } from '../errors.ts'
import { instantOf } from '../platform/instant.ts'
import { isCurrencyAt } from '../platform/currencies.ts'
import { type JsonReading, readJson, withoutNul } from '../platform/json.ts'
import { nullable, recordOf, time } from '../platform/view.ts'
import { backorderModes, type Item } from './item.ts'

/** An item on the wire: what a request writes, and what is read. */

/** Bounds that no item comes near, and that every number of the service holds. */
const quantityMax = 1_000_000
const unitsMax = 1_000_000_000
/** More currencies than a shop has; all of ISO 4217 are about 170. */
const pricesMax = 200

/** The largest document of an item, in bytes. */
export const itemBytesMax = 64 * 1024

const text = (minLength: number, description: string) =>
  Type.String({ minLength, maxLength: 300, pattern: withoutNul, description })
const number = (minimum: number, maximum: number, description: string) =>
  Type.Integer({ minimum, maximum, description })
const numberOrNull = (minimum: number, maximum: number, description: string) =>
  nullable(Type.Integer({ minimum, maximum }), { description })

const price = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, format: 'int64' })
const chrtId = Type.Integer({
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  format: 'int64',
  description: 'The sellable unit (SKU), as the items of orders name it',
})

const required = {
  nm_id: Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    format: 'int64',
    description: 'The product that it belongs to',
  }),
  name: text(1, 'The name'),
  prices: recordOf(price, {
    title: 'ItemPrices',
    description: 'What a unit costs before the discount, in the minor unit of each currency, by its ISO 4217 code',
    maxProperties: pricesMax,
  }),
}

const preset = {
  brand: text(0, 'The brand'),
  size: text(0, 'The size, as text'),
  sale: number(0, 100, 'The discount in percent'),
  tax_class: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$', description: 'Which tax rates apply to it' }),
  active: Type.Boolean({ description: 'Whether it is sold' }),
  min_quantity: number(1, quantityMax, 'The fewest units of a line of a cart'),
  max_quantity: numberOrNull(1, quantityMax, 'The most units of a line of a cart; null: as many as there are'),
  quantity_step: number(1, quantityMax, 'The units of a line of a cart are a multiple of it'),
  max_per_customer: numberOrNull(
    1,
    quantityMax,
    'The most units that a customer may have, by carts and what was ordered by them before; null: any number',
  ),
  backorder: Type.Enum([...backorderModes], {
    title: 'BackorderMode',
    description: 'Whether more may be ordered than is available',
  }),
  backorder_limit: numberOrNull(0, unitsMax, 'How many units more; null: any number. Only with backorder allow'),
  low_stock: numberOrNull(0, unitsMax, 'At how many available units its stock is low; null: at STOCK_LOW'),
  available_from: nullable(time(), { description: 'When it is sold; null: already' }),
}

const fields = { ...required, ...preset }

export const itemView = Type.Object(
  { chrt_id: chrtId, ...fields, updated_at: time() },
  { title: 'CatalogueItem', description: 'An item that can be ordered' },
)
export type ItemView = Static<typeof itemView>

const optional = Object.fromEntries(Object.entries(preset).map(([name, schema]) => [name, Type.Optional(schema)])) as {
  [Name in keyof typeof preset]: ReturnType<typeof Type.Optional<(typeof preset)[Name]>>
}

const ignored = Type.Optional(Type.String({ description: 'Ignored, so that what was read can be sent again' }))

export const itemBody = Type.Object(
  { chrt_id: Type.Optional(chrtId), ...required, ...optional, updated_at: ignored },
  {
    title: 'CatalogueItemBody',
    description: 'An item as it is from now on; what is left out has its default',
    additionalProperties: false,
  },
)
export const itemLine = Type.Object(
  { chrt_id: chrtId, ...required, ...optional, updated_at: ignored },
  { title: 'CatalogueItemLine', description: 'An item of a batch', additionalProperties: false },
)
export type ItemBody = Static<typeof itemBody>
export type ItemLine = Static<typeof itemLine>

const bodyContract = Compile(itemBody)
const lineContract = Compile(itemLine)

const expected = 'must be a JSON object with nm_id, name and prices'

/** Reads the body of a PUT, never throws for bad input. @param chrtId what the address says */
export function readItemBody(bytes: Uint8Array, chrtId: number, nowMs: number): JsonReading<ItemBody> {
  return readJson(bodyContract, bytes, {
    expected,
    check: value => [...checkRules(value, nowMs), ...checkNumber(value, chrtId)],
  })
}

/** Reads an item of a batch, never throws for bad input. */
export function readItemLine(bytes: Uint8Array, nowMs: number): JsonReading<ItemLine> {
  if (bytes.byteLength > itemBytesMax) {
    const detail = `must be at most ${itemBytesMax} bytes, and is ${bytes.byteLength}`
    return { kind: 'refused', violations: [{ pointer: '', detail }] }
  }
  return readJson(lineContract, bytes, { expected, check: value => checkRules(value, nowMs) })
}

function checkNumber(value: unknown, chrtId: number): Violation[] {
  const { chrt_id: given } = recordFrom(value)
  return given === undefined || given === chrtId
    ? []
    : [{ pointer: '/chrt_id', detail: `must be ${chrtId} as in the address, or left out` }]
}

/** Refuses limits that leave no quantity that could be bought: the smallest one is a multiple of the step, and the minimum or more. */
function checkLimits(min: unknown, step: unknown, limits: Record<string, unknown>): Violation[] {
  if (typeof min !== 'number') return []
  const least = typeof step === 'number' && step >= 1 ? Math.ceil(min / step) * step : min
  return Object.entries(limits).flatMap(([field, limit]) =>
    typeof limit === 'number' && limit < least
      ? [{ pointer: `/${field}`, detail: `must be at least ${least}, the smallest quantity that can be bought` }]
      : [],
  )
}

/** What the schema cannot say. */
function checkRules(value: unknown, nowMs: number): Violation[] {
  const item = recordFrom(value)
  const {
    min_quantity: min = 1,
    max_quantity: max,
    quantity_step: step = 1,
    max_per_customer: perCustomer,
    backorder = 'refuse',
    backorder_limit: limit,
    available_from: from,
  } = item
  const violations = Object.keys(recordFrom(item.prices)).flatMap((code): Violation[] =>
    isCurrencyAt(code, nowMs)
      ? []
      : [{ pointer: pointerTo('prices', code), detail: 'must be left out: there is no such currency' }],
  )
  violations.push(...checkLimits(min, step, { max_quantity: max, max_per_customer: perCustomer }))
  if (limit != null && backorder === 'refuse')
    violations.push({ pointer: '/backorder_limit', detail: 'must be left out unless backorder is allow' })
  if (typeof from === 'string' && instantOf(from) === undefined)
    violations.push({ pointer: '/available_from', detail: 'must be an RFC 3339 time, such as 2026-11-26T06:22:19Z' })
  return violations
}

/** RFC 6901. */
function pointerTo(...path: readonly string[]): string {
  return path.map(part => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

function recordFrom(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

/** The item that a valid body describes. */
export function toItem(chrtId: number, body: ItemBody | ItemLine, nowMs: number): Item {
  return {
    chrtId,
    nmId: body.nm_id,
    name: body.name,
    brand: body.brand ?? '',
    size: body.size ?? '',
    prices: body.prices,
    sale: body.sale ?? 0,
    taxClass: body.tax_class ?? 'standard',
    active: body.active ?? true,
    minQuantity: body.min_quantity ?? 1,
    maxQuantity: body.max_quantity ?? undefined,
    quantityStep: body.quantity_step ?? 1,
    maxPerCustomer: body.max_per_customer ?? undefined,
    backorder: body.backorder ?? 'refuse',
    backorderLimit: body.backorder_limit ?? undefined,
    lowStock: body.low_stock ?? undefined,
    availableFromMs: body.available_from == null ? undefined : instantOf(body.available_from),
    updatedAtMs: nowMs,
  }
}

/** An item as the API shows it. */
export function presentItem(item: Item): ItemView {
  return {
    chrt_id: item.chrtId,
    nm_id: item.nmId,
    name: item.name,
    brand: item.brand,
    size: item.size,
    prices: item.prices,
    sale: item.sale,
    tax_class: item.taxClass,
    active: item.active,
    min_quantity: item.minQuantity,
    max_quantity: item.maxQuantity ?? null,
    quantity_step: item.quantityStep,
    max_per_customer: item.maxPerCustomer ?? null,
    backorder: item.backorder,
    backorder_limit: item.backorderLimit ?? null,
    low_stock: item.lowStock ?? null,
    available_from: item.availableFromMs === undefined ? null : new Date(item.availableFromMs).toISOString(),
    updated_at: new Date(item.updatedAtMs).toISOString(),
  }
}

/** The number of an item that a path names; undefined when it cannot be one. */
export function chrtIdOf(text: string): number | undefined {
  const chrtId = /^\d{1,16}$/.test(text) ? Number(text) : undefined
  return chrtId !== undefined && Number.isSafeInteger(chrtId) ? chrtId : undefined
}
