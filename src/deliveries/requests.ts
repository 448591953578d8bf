import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Violation } from '../errors.ts'
import { locationForm } from '../inventory/location.ts'
import { instantOf } from '../platform/instant.ts'
import type { HttpRequest } from '../platform/http.ts'
import { readJsonBody, remarks } from '../platform/json.ts'
import { nullable, time } from '../platform/view.ts'
import type { NewNumber, NewShipment } from './decide-create.ts'
import { numberRole } from './views.ts'

/** The bodies of requests about shipments. */

const sizeBytesMax = 512 * 1024

/** Parcels of one shipment. */
const numbersMax = 100

const rid = Type.String({ description: 'The rid of an item of the order; an order may name two items alike' })
const location = Type.String({ pattern: locationForm.source, description: 'Where it leaves from' })
const carrier = Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,63}$', description: 'Who carries it, such as ups' })

export const newNumber = Type.Object(
  {
    number: Type.String({
      pattern: '^[A-Za-z0-9](?:[A-Za-z0-9 ./_-]{0,62}[A-Za-z0-9])?$',
      description: 'As the carrier knows the parcel',
    }),
    carrier: Type.Optional(carrier),
    role: Type.Optional(numberRole),
    url: Type.Optional(
      Type.String({
        maxLength: 2000,
        pattern: '^https?://[^\\s\\x00]+$',
        description: 'Where the customer can follow it',
      }),
    ),
  },
  { title: 'NewTrackingNumber', additionalProperties: false },
)
const newNumbers = Type.Optional(
  Type.Array(newNumber, {
    maxItems: numbersMax,
    description: 'Each number once; a wrong check digit is told and kept',
  }),
)

export const shipmentBody = Type.Object(
  {
    rids: Type.Array(rid, { minItems: 1, maxItems: 1000, description: 'The units that go out together' }),
    location: Type.Optional(location),
    carrier: Type.Optional(carrier),
    tracking_numbers: newNumbers,
    promised_by: Type.Optional(time({ description: 'By when the customer was promised to have it' })),
    estimated_delivery_at: Type.Optional(time({ description: 'When it is expected to arrive' })),
    ...remarks,
  },
  { title: 'NewShipment', additionalProperties: false },
)

export const remarkBody = Type.Object(remarks, { title: 'ShipmentRemark', additionalProperties: false })

export const shipBody = Type.Object(
  {
    location: Type.Optional(location),
    reallocate: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'Takes what is reserved elsewhere, or not at all, from the location; else STOCK_ELSEWHERE',
      }),
    ),
    carrier: Type.Optional(carrier),
    tracking_numbers: newNumbers,
    ...remarks,
  },
  { title: 'ShipmentShipping', additionalProperties: false },
)

export const updateBody = Type.Object(
  {
    tracking_numbers: newNumbers,
    carrier: Type.Optional(carrier),
    promised_by: Type.Optional(nullable(time(), { description: 'A new promise; null: there is none' })),
    estimated_delivery_at: Type.Optional(nullable(time(), { description: 'null: not known any more' })),
    ...remarks,
  },
  { title: 'ShipmentUpdate', additionalProperties: false },
)

const contracts = {
  shipment: Compile(shipmentBody),
  remark: Compile(remarkBody),
  ship: Compile(shipBody),
  update: Compile(updateBody),
}

/** Who asks when nobody is named. */
export const actorDefault = 'api'

/** What every request says beside what it is about. */
export type Remarks = Readonly<{ reason: string; actor: string }>

const remarksOf = ({ reason = '', actor = actorDefault }: { reason?: string; actor?: string }): Remarks => ({
  reason,
  actor,
})

/** @throws AppError REQUEST_INVALID with every violation, and as `readJsonBody` does; so do the others */
export async function readShipment(request: HttpRequest): Promise<Omit<NewShipment, 'shipmentId'> & Remarks> {
  const body = await readJsonBody(request, contracts.shipment, {
    sizeBytesMax,
    expected: 'must be a JSON object with rids',
    check: value => [...checkTimes(value), ...checkNumbers(value)],
  })
  return {
    ...{ rids: body.rids, location: body.location, carrier: body.carrier, numbers: numbersOf(body) },
    promisedByMs: timeOf(body.promised_by),
    estimatedDeliveryAtMs: timeOf(body.estimated_delivery_at),
    ...remarksOf(body),
  }
}

export async function readRemark(request: HttpRequest): Promise<Remarks> {
  const body = await readJsonBody(request, contracts.remark, {
    sizeBytesMax,
    expected: 'must be a JSON object with reason and actor, each of which may be left out',
    absent: {},
  })
  return remarksOf(body)
}

export type ShipRequest = Remarks &
  Readonly<{
    location: string | undefined
    reallocate: boolean
    carrier: string | undefined
    numbers: readonly NewNumber[]
  }>

export async function readShip(request: HttpRequest): Promise<ShipRequest> {
  const body = await readJsonBody(request, contracts.ship, {
    sizeBytesMax,
    expected: 'must be a JSON object with location, reallocate and tracking_numbers, each of which may be left out',
    absent: {},
    check: value => [...checkNumbers(value), ...checkReallocation(value)],
  })
  const { reallocate = false } = body
  return { location: body.location, reallocate, carrier: body.carrier, numbers: numbersOf(body), ...remarksOf(body) }
}

/** What is new of a shipment. A time that is undefined stays; null removes it. */
export type UpdateRequest = Remarks &
  Readonly<{
    numbers: readonly NewNumber[]
    carrier: string | undefined
    promisedByMs: number | null | undefined
    estimatedDeliveryAtMs: number | null | undefined
  }>

export async function readUpdate(request: HttpRequest): Promise<UpdateRequest> {
  const body = await readJsonBody(request, contracts.update, {
    sizeBytesMax,
    expected: 'must be a JSON object with what is new of the shipment',
    check: value => [...checkTimes(value), ...checkNumbers(value)],
  })
  const given = (text: string | null | undefined) => (text === null ? null : timeOf(text))
  return {
    ...{ numbers: numbersOf(body), carrier: body.carrier },
    promisedByMs: given(body.promised_by),
    estimatedDeliveryAtMs: given(body.estimated_delivery_at),
    ...remarksOf(body),
  }
}

function numbersOf({ tracking_numbers: numbers = [] }: { tracking_numbers?: Static<typeof newNumber>[] }): NewNumber[] {
  return numbers.map(({ number, carrier: own, role = 'main', url }) => ({ number, carrier: own, role, url }))
}

function timeOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : instantOf(text)
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

function checkTimes(value: unknown): Violation[] {
  const fields = fieldsOf(value)
  return ['promised_by', 'estimated_delivery_at'].flatMap(name => {
    const text = fields[name]
    return typeof text === 'string' && instantOf(text) === undefined
      ? [{ pointer: `/${name}`, detail: 'must be an RFC 3339 time, such as 2026-11-26T06:22:19Z' }]
      : []
  })
}

function checkNumbers(value: unknown): Violation[] {
  const { tracking_numbers: numbers } = fieldsOf(value)
  if (!Array.isArray(numbers)) return []
  const texts = numbers.map(number => fieldsOf(number).number)
  return texts.flatMap((text, index) =>
    typeof text === 'string' && texts.indexOf(text) < index
      ? [{ pointer: `/tracking_numbers/${index}/number`, detail: 'must be another number than those before it' }]
      : [],
  )
}

function checkReallocation(value: unknown): Violation[] {
  const { reallocate, location: from } = fieldsOf(value)
  return reallocate === true && from === undefined
    ? [{ pointer: '/location', detail: 'is required to reallocate' }]
    : []
}
