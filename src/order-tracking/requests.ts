import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { HttpRequest } from '../platform/http.ts'
import { readJsonBody, remarks } from '../platform/json.ts'

/** What is sent to revoke a link: why, and by whom. */
export const revocationBody = Type.Object(remarks, { title: 'TrackingLinkRevocation', additionalProperties: false })

const contract = Compile(revocationBody)

/** @throws AppError REQUEST_INVALID */
export function readRevocation(request: HttpRequest): Promise<Static<typeof revocationBody>> {
  const expected = 'must be a JSON object with reason and actor, both text, or be left out'
  return readJsonBody(request, contract, { sizeBytesMax: 16 * 1024, expected, absent: {} })
}
