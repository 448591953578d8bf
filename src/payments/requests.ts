import { type Static, type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Validator } from 'typebox/compile'
import { refuseCardNumbersIn } from '../platform/card-number.ts'
import type { HttpRequest } from '../platform/http.ts'
import { readJsonBody, remarks, withoutNul } from '../platform/json.ts'
import { issueAction, paymentView } from './views.ts'

/** The bodies of requests that move money. */

const sizeBytesMax = 256 * 1024

const amount = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, format: 'int64', description }))
const text = (charactersMax: number, description: string) =>
  Type.String({ minLength: 1, maxLength: charactersMax, pattern: withoutNul, description })
const rids = Type.Optional(
  Type.Array(text(64, 'The rid of an item of the order'), { maxItems: 1000, description: 'The items that it is for' }),
)

export const paymentBody = Type.Object(
  {
    provider: text(64, 'Who moves the money, such as sandbox'),
    method_token: Type.Optional(
      text(255, "What the provider knows the payer's card or account by; never a card number"),
    ),
    amount: amount("In the currency's minor unit; what is left to be paid if left out"),
    capture: Type.Optional(paymentView.properties.capture),
    return_url: Type.Optional(
      Type.String({
        maxLength: 2000,
        pattern: '^https?://[^\\s\\x00]+$',
        description: 'Where the payer comes back to after a confirmation',
      }),
    ),
    actor: remarks.actor,
  },
  { title: 'NewPayment', additionalProperties: false },
)

export const captureBody = Type.Object(
  {
    amount: amount('What is captured; all that can be if left out'),
    final: Type.Optional(Type.Boolean({ default: false, description: 'Releases what is left of the authorization' })),
    ...remarks,
  },
  { title: 'PaymentCapture', additionalProperties: false },
)

export const voidBody = Type.Object(remarks, { title: 'PaymentVoid', additionalProperties: false })

export const refundBody = Type.Object(
  { amount: amount('What is refunded; all that can be if left out'), rids, ...remarks },
  { title: 'PaymentRefund', additionalProperties: false },
)

export const recordBody = Type.Object(
  {
    kind: Type.Enum(['capture', 'refund'], { title: 'RecordKind', description: 'Money that came in, or went back' }),
    amount: amount('What has moved; all that is expected, or can be refunded, if left out'),
    reference: Type.Optional(text(255, 'What a bank or a receipt calls it')),
    rids,
    ...remarks,
  },
  { title: 'PaymentRecord', additionalProperties: false },
)

export const resolutionBody = Type.Object(
  {
    action: issueAction,
    reason: text(500, 'Why; for people'),
    actor: remarks.actor,
  },
  { title: 'PaymentIssueResolution', additionalProperties: false },
)

const contracts = {
  payment: Compile(paymentBody),
  capture: Compile(captureBody),
  void: Compile(voidBody),
  refund: Compile(refundBody),
  record: Compile(recordBody),
  resolution: Compile(resolutionBody),
}

/** The actor when none is given. */
export const actorDefault = 'api'

/** @throws AppError REQUEST_INVALID with every violation, CARD_DATA_REFUSED, and as `readJsonBody` does; so do the others */
export const readPayment = (request: HttpRequest) => read(request, contracts.payment, 'provider')
export const readCapture = (request: HttpRequest) =>
  read(request, contracts.capture, 'amount and final, or be left out', {})
export const readVoid = (request: HttpRequest) => read(request, contracts.void, 'reason and actor, or be left out', {})
export const readRefund = (request: HttpRequest) =>
  read(request, contracts.refund, 'amount and reason, or be left out', {})
export const readRecord = (request: HttpRequest) => read(request, contracts.record, 'kind')
export const readResolution = (request: HttpRequest) => read(request, contracts.resolution, 'action and reason')

async function read<Schema extends TSchema>(
  request: HttpRequest,
  contract: Validator<Record<never, never>, Schema>,
  fields: string,
  absent?: Static<Schema>,
): Promise<Static<Schema>> {
  const body = await readJsonBody(request, contract, {
    sizeBytesMax,
    expected: `must be a JSON object with ${fields}`,
    ...(absent === undefined ? {} : { absent }),
  })
  // The items that a refund is for are texts of the order: what is none of them is refused where they are looked up.
  refuseCardNumbersIn(body as Record<string, unknown>)
  return body
}
