import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { AppError, type Violation } from '../errors.ts'
import { notFound } from '../orders/commands.ts'
import { orderDocument, orderUidForm } from '../orders/document.ts'
import { refuseCardNumbers } from '../platform/card-number.ts'
import { isCountry } from '../platform/countries.ts'
import type { Call, HttpRequest } from '../platform/http.ts'
import { readJsonBody, remarks } from '../platform/json.ts'
import type { GivenFields } from './correction.ts'

/** What is asked about customers and recipients, as it comes in. */

const bodySizeBytesMax = 16 * 1024

export const correctionBody = Type.Object(
  { ...Type.Partial(orderDocument.properties.delivery).properties, ...remarks },
  { title: 'DeliveryCorrection', additionalProperties: false },
)

const contract = Compile(correctionBody)

export type AskedCorrection = Readonly<{ given: GivenFields; reason: string; actor: string }>

/** @throws AppError REQUEST_INVALID, CARD_DATA_REFUSED, and what reading a body throws */
export async function readCorrection(request: HttpRequest): Promise<AskedCorrection> {
  const expected = 'must be a JSON object with fields of the recipient, and reason and actor, all text'
  const body = await readJsonBody(request, contract, { sizeBytesMax: bodySizeBytesMax, expected, check: checkCountry })
  const { reason = '', actor = 'api', ...given } = body
  refuseCardNumbers([
    ['/reason', reason],
    ['/actor', actor],
  ])
  if (Object.keys(given).length === 0) {
    const violations = [{ pointer: '', detail: 'must have a field of the recipient' }]
    throw new AppError('REQUEST_INVALID', 'the body is not valid', { violations })
  }
  return { given: given as GivenFields, reason, actor }
}

function checkCountry(value: unknown): Violation[] {
  const { country } = (value ?? {}) as { country?: unknown }
  if (typeof country !== 'string' || isCountry(country)) return []
  return [{ pointer: '/country', detail: 'must be the ISO 3166-1 alpha-2 code of a country, such as DE' }]
}

export const erasureBody = Type.Object(remarks, { title: 'CustomerErasureRequest', additionalProperties: false })
const erasureContract = Compile(erasureBody)

/** @throws AppError REQUEST_INVALID, CARD_DATA_REFUSED, and what reading a body throws */
export async function readErasure(request: HttpRequest): Promise<{ reason: string; actor: string }> {
  const expected = 'must be a JSON object with reason and actor, both text, or be left out'
  const options = { sizeBytesMax: bodySizeBytesMax, expected, absent: {} }
  const { reason = '', actor = 'api' } = await readJsonBody(request, erasureContract, options)
  refuseCardNumbers([
    ['/reason', reason],
    ['/actor', actor],
  ])
  return { reason, actor }
}

const customerIdCharactersMax = 1_000

/** @throws AppError REQUEST_INVALID for what no customer can be called */
export function customerIdOf({ params: { id = '' } }: Call): string {
  if (id !== '' && id.length <= customerIdCharactersMax && id.isWellFormed() && !id.includes('\0')) return id
  const violations = [{ pointer: '/id', detail: `must be 1 to ${customerIdCharactersMax} characters` }]
  throw new AppError('REQUEST_INVALID', 'no customer can be called so', { violations })
}

/** @throws AppError ORDER_NOT_FOUND for what is no uid */
export function orderUidOf({ params: { id = '' } }: Call): string {
  if (!orderUidForm.test(id)) throw notFound(id)
  return id
}
