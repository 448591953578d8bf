import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { AppError } from '../errors.ts'
import { locationForm } from '../inventory/location.ts'
import { refuseCardNumbersIn } from '../platform/card-number.ts'
import type { HttpRequest } from '../platform/http.ts'
import { readJson, readJsonBody, remarks } from '../platform/json.ts'
import { requireMediaType } from '../platform/media-type.ts'
import { readBody } from '../platform/request-body.ts'
import type { ReceivedUnit } from './decide-receive.ts'
import type { RefundInput } from './decide-refund.ts'
import { unitCondition } from './views.ts'

/** The bodies of requests about returns. */

const sizeBytesMax = 512 * 1024

const unitsMax = 1000
const rid = Type.String({ description: 'The rid of an item of the order; an order may name two items alike' })
const amount = (minimum: 0 | 1, description: string) =>
  Type.Optional(Type.Integer({ minimum, maximum: Number.MAX_SAFE_INTEGER, format: 'int64', description }))

export const returnBody = Type.Object(
  {
    rids: Type.Array(rid, { minItems: 1, maxItems: unitsMax, description: 'The units that come back' }),
    ...remarks,
  },
  { title: 'NewReturn', additionalProperties: false },
)

export const remarkBody = Type.Object(remarks, { title: 'ReturnRemark', additionalProperties: false })

const receivedUnit = Type.Object(
  {
    rid,
    condition: unitCondition,
    location: Type.Optional(
      Type.String({
        pattern: locationForm.source,
        description: 'Where it is put; where it was taken from if left out',
      }),
    ),
  },
  { title: 'ReceivedUnit', additionalProperties: false },
)
const receivedUnits = Type.Array(receivedUnit, { minItems: 1, maxItems: unitsMax })

export const receiptBody = Type.Object(
  { units: receivedUnits, ...remarks },
  { title: 'ReturnReceipt', additionalProperties: false },
)

export const refundBody = Type.Object(
  {
    amount: amount(
      0,
      'What is refunded; what was paid for the units that are back, after the fee, if left out. 0: nothing, and the return is closed',
    ),
    fee: amount(0, 'What is kept for the return'),
    delivery: Type.Optional(
      Type.Boolean({ default: false, description: 'Refunds what was paid for delivery too, once for an order' }),
    ),
    ...remarks,
  },
  { title: 'ReturnRefundRequest', additionalProperties: false },
)

const contracts = {
  return: Compile(returnBody),
  remark: Compile(remarkBody),
  receipt: Compile(receiptBody),
  units: Compile(receivedUnits),
  refund: Compile(refundBody),
}

/** Who asks when nobody is named. */
const actorDefault = 'api'

/** What every request says beside what it is about. */
export type Remarks = Readonly<{ reason: string; actor: string }>

const remarksOf = ({ reason = '', actor = actorDefault }: { reason?: string; actor?: string }): Remarks => ({
  reason,
  actor,
})

/** @throws AppError REQUEST_INVALID with every violation, and as `readJsonBody` does; so do the others */
export async function readReturn(request: HttpRequest): Promise<Remarks & { rids: readonly string[] }> {
  const body = await readJsonBody(request, contracts.return, {
    sizeBytesMax,
    expected: 'must be a JSON object with rids and reason',
  })
  return { rids: body.rids, ...remarksOf(body) }
}

export async function readRemark(request: HttpRequest): Promise<Remarks> {
  const body = await readJsonBody(request, contracts.remark, {
    sizeBytesMax,
    expected: 'must be a JSON object with reason and actor, each of which may be left out',
    absent: {},
  })
  return remarksOf(body)
}

export async function readReceipt(request: HttpRequest): Promise<Remarks & { units: readonly ReceivedUnit[] }> {
  requireMediaType(request, ['application/json'])
  const bytes = await readBody(request, sizeBytesMax)
  // A list of units alone is a receipt without remarks.
  const expected = 'must be a JSON object with units, or a list of units'
  const isList = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart().startsWith('[')
  const reading = isList
    ? readJson(contracts.units, bytes, { expected })
    : readJson(contracts.receipt, bytes, { expected })
  if (reading.kind === 'refused')
    throw new AppError('REQUEST_INVALID', 'the body is not valid', { violations: reading.violations })
  const body: Static<typeof receiptBody> = Array.isArray(reading.value) ? { units: reading.value } : reading.value
  const units = body.units.map(({ rid, condition, location }) => ({ rid, condition, location }))
  return { units, ...remarksOf(body) }
}

export async function readRefund(request: HttpRequest): Promise<Remarks & RefundInput> {
  const body = await readJsonBody(request, contracts.refund, {
    sizeBytesMax,
    expected: 'must be a JSON object with amount, fee and delivery, each of which may be left out',
    absent: {},
  })
  // Payments keep the words.
  refuseCardNumbersIn(body)
  const { amount, fee, delivery = false } = body
  return { amount, fee, delivery, ...remarksOf(body) }
}
