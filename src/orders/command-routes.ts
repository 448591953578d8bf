import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { AppError } from '../errors.ts'
import { refuseCardNumbersIn } from '../platform/card-number.ts'
import { readEntityTags } from '../platform/entity-tags.ts'
import type { Call, HttpRequest, Route } from '../platform/http.ts'
import { toResponse } from '../platform/idempotency/idempotency.ts'
import { type Claim, keepAnswer } from '../platform/idempotency/queries.ts'
import { readJsonBody, remarks } from '../platform/json.ts'
import { answer, problemAnswer } from '../platform/openapi.ts'
import { traceOf } from '../platform/traceparent.ts'
import { answerWith } from './answers.ts'
import { CachedOrder } from './cached-order.ts'
import type { CommandRequest } from './command-request.ts'
import { type CarryOut, notFound, type OnChanged, refusalOf } from './commands.ts'
import { orderUidForm } from './document.ts'
import { type RequestedCommand, requestedCommands } from './lifecycle.ts'
import { storedOrderView } from './views.ts'

const bodySizeBytesMax = 16 * 1024

/** What a command carries over HTTP. */
export const commandBody = Type.Object(remarks, { title: 'OrderCommand', additionalProperties: false })

const contract = Compile(commandBody)

/** What the documentation says of each command. */
const summaries: Readonly<Record<RequestedCommand, string>> = {
  confirm: 'Confirm an order that waits or is on hold',
  hold: 'Put a confirmed order on hold',
  complete: 'Complete a confirmed order',
  cancel: 'Cancel an order that is not completed',
}

/**
 * The routes of commands to orders.
 *
 * @param onChanged is also called for a change of another instance whose answer this one replays
 */
export function commandRoutes(carryOut: CarryOut, onChanged: OnChanged): Route[] {
  return requestedCommands.map(command => ({
    method: 'POST',
    path: `/api/orders/:id/${command}`,
    scope: 'orders:write',
    idempotent: true,
    onReplayed: (call, { headers }) => onChanged(call.params.id ?? '', versionOf(headers.etag)),
    operation: operationOf(command),
    handle: (call, claim) => handle(call, command, carryOut, claim),
  }))
}

async function handle(
  call: Call,
  command: RequestedCommand,
  carryOut: CarryOut,
  claim: Claim | undefined,
): Promise<Response> {
  const orderUid = call.params.id ?? ''
  const { reason = '', actor = 'api' } = await readCommand(call.request)
  const expectedVersions = readIfMatch(call.request)
  if (!orderUidForm.test(orderUid)) throw notFound(orderUid)
  const request = {
    orderUid,
    command,
    reason,
    actor,
    ...(expectedVersions === undefined ? {} : { expectedVersions }),
    traceparent: traceOf(call.request),
    keepAnswer: claim && ((client, order) => keepAnswer(client, { claim, answer: answerWith(new CachedOrder(order)) })),
  } satisfies CommandRequest
  const result = await carryOut(request)
  if (result.kind !== 'done') throw refusalOf(result, command, orderUid)
  if (claim !== undefined) claim.isKept = true
  return toResponse(answerWith(new CachedOrder(result.order)))
}

async function readCommand(request: HttpRequest): Promise<Static<typeof commandBody>> {
  const expected = 'must be a JSON object with reason and actor, both text, or be left out'
  const body = await readJsonBody(request, contract, { sizeBytesMax: bodySizeBytesMax, expected, absent: {} })
  // Why an order is cancelled is told to payment providers too.
  refuseCardNumbersIn(body)
  return body
}

/**
 * The versions that `If-Match` (RFC 9110, 13.1.1) names; undefined without one, or for `*`. It asks for strong comparison, yet weak
 * tags are compared as well: a proxy that compresses makes ours weak, and each of ours names one version of the order.
 */
function readIfMatch(request: HttpRequest): number[] | undefined {
  const header = request.headers.get('if-match')
  if (header === null) return undefined
  const tags = readEntityTags(header)
  if (tags === '*') return undefined
  // A tag of another form is not from this service: it matches no version.
  if (tags !== undefined) return tags.filter(tag => /^[1-9]\d{0,8}$/.test(tag)).map(Number)
  const detail = 'must be the ETag of the order in its quotes, such as "3", or several with commas, or *'
  throw new AppError('REQUEST_INVALID', 'a header is not valid', { violations: [{ pointer: '/If-Match', detail }] })
}

/** The version in an ETag of ours; 0 for an answer without one, which is a refusal. */
export function versionOf(etag = ''): number {
  return Number(/\d+/.exec(etag)?.[0] ?? 0)
}

function operationOf(command: RequestedCommand): Record<string, unknown> {
  return {
    operationId: `${command}Order`,
    summary: summaries[command],
    description: 'Asking for what already is has no effect and is no error.',
    tags: ['orders'],
    parameters: [
      {
        name: 'If-Match',
        in: 'header',
        description: 'The ETag it must have, or several of which one; weak or not',
        schema: { type: 'string' },
      },
    ],
    requestBody: { content: { 'application/json': { schema: commandBody } } },
    responses: {
      200: answer('The order as it is now', storedOrderView),
      400: problemAnswer('The body or a header is not valid'),
      404: problemAnswer('No order has this uid'),
      409: problemAnswer('The order is in a state that the command does not start from'),
      412: problemAnswer('The order has another version'),
      503: problemAnswer('The database is away'),
    },
  }
}
