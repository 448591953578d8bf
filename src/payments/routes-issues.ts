import { AppError } from '../errors.ts'
import { copyOfEvents, notifyOfEvents } from '../events/append.ts'
import { notFound } from '../orders/commands.ts'
import { orderUidForm } from '../orders/document.ts'
import { copyInto } from '../platform/copy.ts'
import type { Call, Route } from '../platform/http.ts'
import { keyRequired, toResponse } from '../platform/idempotency/idempotency.ts'
import type { Claim, StoredResponse } from '../platform/idempotency/queries.ts'
import { linkToNext } from '../platform/links.ts'
import { inTransaction, type Pool } from '../platform/postgres.ts'
import { traceOf } from '../platform/traceparent.ts'
import { encodeTimedCursor } from '../platform/timed-cursor.ts'
import { applyChanges } from './apply-changes.ts'
import { issueKey, type OrderPayments, type PaymentRules } from './changes.ts'
import { contextAt, type PaymentCommands } from './commands.ts'
import { decideResolution, type ResolutionInput } from './decide-resolution.ts'
import type { PaymentWriter } from './group.ts'
import { idOf, newId } from './ids.ts'
import { readIssueListQuery } from './issue-list-query.ts'
import { issueOperations } from './issue-operations.ts'
import { presentIssue, surroundingsOf } from './issue-presentation.ts'
import { resolveIssues } from './issue-queries.ts'
import { listIssues, readDisputesOf, readIssue, type StoredIssue } from './issue-read-queries.ts'
import { readOpenPaymentsOf } from './read-queries.ts'
import { actorDefault, readResolution } from './requests.ts'
import type { IssueView } from './views.ts'

type Options = Readonly<{
  pool: Pool
  /** For reads of one thing, and for lists. */
  single: Pool
  lists: Pool
  writer: PaymentWriter
  commands: PaymentCommands
  rules: PaymentRules
  now: () => number
}>

/** Payment issues are read and resolved. */
export function issueRoutes(options: Options): Route[] {
  const path = '/api/payment-issues'
  const scope = 'payments:write'
  return [
    { method: 'GET', path, scope, operation: issueOperations.list, handle: call => list(call, options) },
    { method: 'GET', path: `${path}/:id`, scope, operation: issueOperations.get, handle: call => show(call, options) },
    {
      method: 'POST',
      path: `${path}/:id/resolve`,
      scope,
      idempotent: true,
      operation: issueOperations.resolve,
      handle: (call, claim) => resolve(call, claim, options),
    },
  ]
}

async function list(call: Call, options: Options): Promise<Response> {
  const { url } = call.request
  const { filter, after, limit } = readIssueListQuery(new URL(url).searchParams)
  const { issues, next } = await listIssues(options.lists, filter, after, limit)
  return Response.json(await presentAll(options.lists, issues, options), {
    headers: next === undefined ? {} : { link: linkToNext(url, encodeTimedCursor(next)) },
  })
}

async function show(call: Call, options: Options): Promise<Response> {
  const [view] = await presentAll(options.single, [await issueOf(call, options)], options)
  return Response.json(view)
}

/** Shows issues with what their payments allow now. */
async function presentAll(
  pool: Pool,
  issues: readonly StoredIssue[],
  { rules: { providers } }: Options,
): Promise<IssueView[]> {
  const open = issues.filter(({ resolution }) => resolution === undefined)
  const orderUids = [...new Set(open.flatMap(({ orderUid }) => orderUid ?? []))]
  const [payments, disputes] = [await readOpenPaymentsOf(pool, orderUids), await readDisputesOf(pool, orderUids)]
  return issues.map(issue => {
    const shown = payments.find(
      ({ payment }) => payment.paymentId === issue.paymentId && payment.orderUid === issue.orderUid,
    )
    return presentIssue(issue, surroundingsOf(shown, disputes, providers))
  })
}

/** @throws AppError ISSUE_NOT_FOUND */
async function issueOf(call: Call, { single }: Options): Promise<StoredIssue> {
  const issueId = call.params.id ?? ''
  const issue = orderUidForm.test(issueId) ? await readIssue(single, issueId) : undefined
  if (issue === undefined) throw new AppError('ISSUE_NOT_FOUND', `no payment issue is stored under ${issueId}`)
  return issue
}

async function resolve(call: Call, claim: Claim | undefined, options: Options): Promise<Response> {
  const { action, reason, actor = actorDefault } = await readResolution(call.request)
  if (claim === undefined && action !== 'dismiss') throw keyRequired()
  const issue = await issueOf(call, options)
  const operationId = claim === undefined ? newId('op') : idOf('op', claim)
  const resolution = { call, claim, issue, input: { issue, action, operationId, reason, actor } }
  if (issue.orderUid === undefined) return toResponse(await resolveWithoutOrder(resolution, options))
  return toResponse(await resolveOfOrder({ ...resolution, orderUid: issue.orderUid }, options))
}

type Resolution = Readonly<{
  call: Call
  claim: Claim | undefined
  issue: StoredIssue
  input: ResolutionInput
}>

/** Resolves an issue of an order under the order's lock. */
function resolveOfOrder(
  { call, claim, issue, input, orderUid }: Resolution & { orderUid: string },
  { commands, writer, rules }: Options,
): Promise<StoredResponse> {
  const { actor, operationId } = input
  const traceparent = traceOf(call.request)
  const answer = (after: OrderPayments) => answerWith({ ...issue, resolution: after.issues.get(issueKey(issue)) })
  if (claim !== undefined) {
    const decide = (before: OrderPayments, context: Parameters<typeof decideResolution>[2]) =>
      decideResolution(before, input, context)
    return commands.carryOut({ orderUid, operationId, claim, actor, traceparent, decide, answer })
  }
  // Nothing is moved, and nobody is asked.
  return writer.change({
    orderUid,
    decide(before, nowMs) {
      if (before === undefined) throw notFound(orderUid)
      const decision = decideResolution(before, input, contextAt(rules, nowMs, traceparent))
      if (decision.kind === 'refused') throw new AppError(decision.code, decision.detail)
      if (decision.kind === 'unchanged') return { result: answer(before) }
      const { changes } = decision
      return { result: answer(applyChanges(before, changes, nowMs)), changes, cause: { actor, traceparent } }
    },
  })
}

/** Resolves an issue about money of no order here: there is nothing that could be moved. */
async function resolveWithoutOrder(
  { issue, input: { action, reason, actor } }: Resolution,
  { pool, now }: Options,
): Promise<StoredResponse> {
  const { kind, subject } = issue
  if (action !== 'dismiss') throw new AppError('PAYMENT_STATE_REFUSED', 'this issue can be resolved by dismiss')
  const resolution = { action, reason, actor, atMs: now() }
  await inTransaction(pool, async client => {
    const events = await resolveIssues(client, [{ kind, subject, ...resolution }])
    if (events.length === 0) throw new AppError('ISSUE_RESOLVED', 'the issue was resolved before')
    await copyInto(client, [copyOfEvents(events)], notifyOfEvents)
  })
  return answerWith({ ...issue, resolution })
}

function answerWith(issue: StoredIssue): StoredResponse {
  const headers = { 'content-type': 'application/json' }
  return { status: 200, headers, body: JSON.stringify(presentIssue(issue, undefined)) }
}
