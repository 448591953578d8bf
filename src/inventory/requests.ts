import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Violation } from '../errors.ts'
import { instantOf } from '../platform/instant.ts'
import type { HttpRequest } from '../platform/http.ts'
import { type JsonReading, readJson, readJsonBody, remarks, withoutNul } from '../platform/json.ts'
import { time } from '../platform/view.ts'
import type { CountEntry, Entry, MovementEntry } from './entry.ts'
import { type Location, locationForm } from './location.ts'
import { recordedKinds } from './movement.ts'

/** What is sent about locations and stock, over HTTP and Kafka. */

const sizeBytesMax = 64 * 1024

/** More units than one movement ever has; sums of them stay exact. */
const unitsMax = 1_000_000_000

const location = (description: string) => Type.String({ pattern: locationForm.source, description })
const externalId = Type.String({
  pattern: '^[\\x21-\\x7e]{1,200}$',
  description: 'What the sender calls it; it is recorded once for an item',
})

const movementFields = {
  location: location('Where the units are, or arrive'),
  to_location: Type.Optional(location('Where the units of a transfer go')),
  kind: Type.Enum([...recordedKinds], { title: 'RecordedMovementKind' }),
  quantity: Type.Integer({
    minimum: -unitsMax,
    maximum: unitsMax,
    description: 'Units: above 0, and of an adjustment above or below 0',
  }),
  quarantine: Type.Optional(
    Type.Boolean({
      default: false,
      description: 'Units that are received or returned go to quarantine; those that are written off come from there',
    }),
  ),
  ...remarks,
}

const countFields = {
  location: location('Where it was counted'),
  counted: Type.Integer({
    minimum: 0,
    maximum: unitsMax,
    description: 'Units that are there, reserved ones and those in quarantine included',
  }),
  expected: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'What on_hand must be; else STOCK_CHANGED',
    }),
  ),
  as_of: Type.Optional(time({ description: 'When it was counted; now if left out' })),
  ...remarks,
}

export const movementBody = Type.Object(
  { ...movementFields, external_id: Type.Optional(externalId) },
  { title: 'NewStockMovement', additionalProperties: false },
)
export const countBody = Type.Object(
  { ...countFields, external_id: Type.Optional(externalId) },
  { title: 'NewStockCount', additionalProperties: false },
)

const chrtId = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, format: 'int64', description: 'The item' })
export const movementMessage = Type.Object(
  { chrt_id: chrtId, ...movementFields, external_id: externalId },
  { title: 'StockMovementMessage', additionalProperties: false },
)
export const countMessage = Type.Object(
  { chrt_id: chrtId, ...countFields, external_id: externalId },
  { title: 'StockCountMessage', additionalProperties: false },
)

export const locationBody = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 300, pattern: withoutNul })),
    priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000, default: 0 })),
    countries: Type.Optional(
      Type.Array(Type.String({ pattern: '^[A-Z]{2}$' }), {
        maxItems: 300,
        description: 'The countries that it serves, ISO 3166-1 alpha-2; none: all',
      }),
    ),
    active: Type.Optional(Type.Boolean({ default: true, description: 'Whether orders take from it' })),
  },
  { title: 'StockLocationBody', additionalProperties: false },
)

const contracts = {
  location: Compile(locationBody),
  movement: Compile(movementBody),
  count: Compile(countBody),
  movementMessage: Compile(movementMessage),
  countMessage: Compile(countMessage),
}

/** @throws AppError REQUEST_INVALID with every violation, and as `readJsonBody` does; so do the others */
export async function readLocation(request: HttpRequest, location: string, nowMs: number): Promise<Location> {
  const body = await readJsonBody(request, contracts.location, {
    sizeBytesMax,
    expected: 'must be a JSON object with name, priority, countries and active, each of which may be left out',
  })
  const { name = location, priority = 0, countries = [], active = true } = body
  return { location, name, priority, countries: [...new Set(countries)].toSorted(), active, updatedAtMs: nowMs }
}

type Context = Readonly<{ nowMs: number; actor: string; traceparent: string | undefined }>

export async function readMovement(request: HttpRequest, chrtId: number, context: Context): Promise<MovementEntry> {
  const body = await readJsonBody(request, contracts.movement, {
    sizeBytesMax,
    expected: 'must be a JSON object with location, kind and quantity',
    check: checkMovement,
  })
  return toMovement(chrtId, body, context)
}

export async function readCount(request: HttpRequest, chrtId: number, context: Context): Promise<CountEntry> {
  const body = await readJsonBody(request, contracts.count, {
    sizeBytesMax,
    expected: 'must be a JSON object with location and counted',
    check: checkCount,
  })
  return toCount(chrtId, body, context)
}

/** Reads a message: a count when it has `counted`, else a movement. Never throws for bad input. */
export function readStockMessage(bytes: Uint8Array | null, context: Context): JsonReading<Entry> {
  const text = bytes ?? new Uint8Array(0)
  const expected = 'must be well-formed JSON'
  if (isCount(text)) {
    const reading = readJson(contracts.countMessage, text, { expected, check: checkCount })
    return reading.kind === 'refused'
      ? reading
      : { kind: 'value', value: toCount(reading.value.chrt_id, reading.value, context) }
  }
  const reading = readJson(contracts.movementMessage, text, { expected, check: checkMovement })
  return reading.kind === 'refused'
    ? reading
    : { kind: 'value', value: toMovement(reading.value.chrt_id, reading.value, context) }
}

function isCount(bytes: Uint8Array): boolean {
  try {
    return 'counted' in fieldsOf(JSON.parse(Buffer.from(bytes).toString('utf8')))
  } catch {
    return false
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

const withQuarantine: readonly unknown[] = ['received', 'returned', 'written_off']

/** What the schema cannot say. */
function checkMovement(value: unknown): Violation[] {
  const { kind, quantity, location, to_location: to, quarantine } = fieldsOf(value)
  const violations: Violation[] = []
  if (quantity === 0) violations.push({ pointer: '/quantity', detail: 'must not be 0' })
  if (typeof quantity === 'number' && quantity < 0 && kind !== 'adjusted')
    violations.push({ pointer: '/quantity', detail: 'must be above 0: only an adjustment can be below' })
  if (kind === 'transferred' && to === undefined)
    violations.push({ pointer: '/to_location', detail: 'is required of a transfer' })
  if (kind !== 'transferred' && to !== undefined)
    violations.push({ pointer: '/to_location', detail: 'must be left out unless kind is transferred' })
  if (to !== undefined && to === location)
    violations.push({ pointer: '/to_location', detail: 'must be another location' })
  if (quarantine === true && !withQuarantine.includes(kind))
    violations.push({
      pointer: '/quarantine',
      detail: `must be left out unless kind is one of ${withQuarantine.join(', ')}`,
    })
  return violations
}

function checkCount(value: unknown): Violation[] {
  const { as_of: asOf } = fieldsOf(value)
  return typeof asOf === 'string' && instantOf(asOf) === undefined
    ? [{ pointer: '/as_of', detail: 'must be an RFC 3339 time, such as 2026-11-26T06:22:19Z' }]
    : []
}

function toMovement(chrtId: number, body: Static<typeof movementBody>, context: Context): MovementEntry {
  const { location, to_location: toLocation, kind, quantity, quarantine = false } = body
  return {
    ...{ type: 'movement', chrtId, location, toLocation, kind, quantity, inQuarantine: quarantine },
    ...remarksOf(body, context),
  }
}

function toCount(chrtId: number, body: Static<typeof countBody>, context: Context): CountEntry {
  const { location, counted, expected, as_of: asOf } = body
  const asOfMs = (asOf === undefined ? undefined : instantOf(asOf)) ?? context.nowMs
  return { type: 'count', chrtId, location, counted, expected, asOfMs, ...remarksOf(body, context) }
}

function remarksOf(
  { reason = '', actor, external_id: externalId }: { reason?: string; actor?: string; external_id?: string },
  { actor: actorDefault, traceparent }: Context,
) {
  return { reason, actor: actor ?? actorDefault, externalId, traceparent }
}
