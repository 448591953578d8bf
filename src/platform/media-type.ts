import { AppError } from '../errors.ts'
import type { HttpRequest } from './http.ts'

/**
 * Refuses a body of another media type, or a compressed one. A foreign page can send texts and forms without a preflight request, but
 * not JSON.
 *
 * @param types what is accepted, such as `application/json`
 * @throws AppError MEDIA_TYPE_UNSUPPORTED or CONTENT_CODING_UNSUPPORTED
 */
export function requireMediaType(request: HttpRequest, types: readonly string[]): void {
  const coding = request.headers.get('content-encoding')
  if (coding !== null && !/^(identity)?$/i.test(coding.trim())) {
    throw new AppError('CONTENT_CODING_UNSUPPORTED', `send the body as it is, not as ${coding}`)
  }
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type === undefined || types.includes(type)) return
  throw new AppError('MEDIA_TYPE_UNSUPPORTED', `send it as ${types.join(' or ')}, not as ${type}`)
}
