import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { AppError, type Violation } from '../errors.ts'
import type { HttpRequest } from '../platform/http.ts'
import { readJsonBody, remarks } from '../platform/json.ts'
import type { OpenFilter } from './attempts.ts'
import type { ResolvedBy } from './commands.ts'

/** The bodies of requests that resolve dead letters. */

/** The id of a dead letter, as text. */
export const idForm = /^\d{1,18}$/

/** For an edited value in JSON, with the quotes and escapes of a text; the value itself has a bound of its own. */
const replayBytesMax = 3 * 1024 * 1024
const bytesMax = 64 * 1024

export const replayBody = Type.Object(
  {
    json: Type.Optional(Type.Unknown({ description: 'The edited value as JSON, instead of the bytes that came' })),
    text: Type.Optional(Type.String({ description: 'The edited value as text, byte by byte' })),
    ...remarks,
  },
  { title: 'DeadLetterReplay', additionalProperties: false },
)

export const remarksBody = Type.Object(remarks, { additionalProperties: false })

const filter = {
  code: Type.Optional(Type.String({ description: 'Only those with this reason' })),
  topic: Type.Optional(Type.String({ description: 'Only those that came by this topic' })),
  ids: Type.Optional(
    Type.Array(Type.String({ pattern: idForm.source }), { minItems: 1, maxItems: 1000, description: 'Only these' }),
  ),
}

export const manyBody = Type.Object(
  { ...filter, ...remarks },
  { title: 'DeadLetterBulkReplay', additionalProperties: false },
)

const contracts = { replay: Compile(replayBody), discard: Compile(remarksBody), many: Compile(manyBody) }

/** The actor when none is given. */
const actorDefault = 'api'

/** @throws AppError REQUEST_INVALID and its like, as do the others */
export async function readReplay(request: HttpRequest): Promise<{ by: ResolvedBy; edited: Buffer | undefined }> {
  const body = await readJsonBody(request, contracts.replay, {
    sizeBytesMax: replayBytesMax,
    expected: 'must be a JSON object with json or text, reason and actor, all of which may be left out',
    absent: {},
    // The value is written again, and `1.0` would become `1`.
    requireForm: ([field]) => (field === 'json' ? 'must be written in the shortest form; send it as text' : undefined),
  })
  const { reason = '', actor = actorDefault } = body
  if (body.json !== undefined && body.text !== undefined) {
    throw invalid([{ pointer: '/text', detail: 'must be left out where json is given' }])
  }
  const edited = body.json === undefined ? body.text : JSON.stringify(body.json)
  return { by: { reason, actor }, edited: edited === undefined ? undefined : Buffer.from(edited) }
}

export async function readDiscard(request: HttpRequest): Promise<ResolvedBy> {
  const expected = 'must be a JSON object with reason, and actor if you like'
  const { reason = '', actor = actorDefault } = await readJsonBody(request, contracts.discard, {
    sizeBytesMax: bytesMax,
    expected,
  })
  requireReason(reason, [])
  return { reason, actor }
}

/**
 * Reads which dead letters are resolved together.
 *
 * @param isReasonNeeded whether they are discarded
 */
export async function readMany(
  request: HttpRequest,
  isReasonNeeded: boolean,
): Promise<{ by: ResolvedBy; filter: OpenFilter }> {
  const {
    reason = '',
    actor = actorDefault,
    ...filter
  } = await readJsonBody(request, contracts.many, {
    sizeBytesMax: bytesMax,
    expected: 'must be a JSON object with at least one of code, topic and ids',
  })
  const violations: Violation[] = []
  if (Object.keys(filter).length === 0) {
    violations.push({ pointer: '', detail: 'must name at least one of code, topic and ids' })
  }
  for (const name of ['code', 'topic'] as const) {
    if (filter[name]?.includes('\0') === true) {
      violations.push({ pointer: `/${name}`, detail: 'must be without the character U+0000' })
    }
  }
  if (isReasonNeeded) requireReason(reason, violations)
  else if (violations.length > 0) throw invalid(violations)
  return { by: { reason, actor }, filter }
}

/** @throws AppError with what was found before, too */
function requireReason(reason: string, found: readonly Violation[]): void {
  const missing = reason.trim() === '' ? [{ pointer: '/reason', detail: 'must say why it is discarded' }] : []
  if (found.length + missing.length > 0) throw invalid([...found, ...missing])
}

function invalid(violations: readonly Violation[]): AppError {
  return new AppError('REQUEST_INVALID', 'the body is not valid', { violations })
}
