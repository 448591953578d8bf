import { AppError, catalogue } from '../errors.ts'
import type { OrderRefundOutcome, RefundCommands } from '../payments/order-refunds.ts'
import type { Logger } from '../platform/log.ts'
import { isPowerOfTwo, runPeriodically } from '../platform/periodic.ts'
import type { Pool } from '../platform/postgres.ts'
import type { OrderReturns, ReturnDecision } from './changes.ts'
import { decideOutcome, decideRefund, decideTakeUp, type RefundInput } from './decide-refund.ts'
import type { ReturnHooks } from './hooks.ts'
import { findDueRefunds } from './read-queries.ts'
import { returnNotFound } from './refusal.ts'
import { paidOf, type PaidOrder } from './refund-amount.ts'
import { isBack, type Return } from './return.ts'
import type { ReturnWriter } from './writer.ts'

/**
 * Refunds of returns, by payments. The return says first what is refunded, as the attempt of a number; payments know it by that number and
 * the return's id. So it is refunded once wherever a process was killed: the next attempt, by the worker or the same request again, asks
 * payments for the same attempt.
 */
export type ReturnRefunds = Readonly<{
  /**
   * Refunds a return, or goes on with its refund.
   *
   * @returns the return as it is then; its refund is pending while a provider has not answered
   * @throws AppError RETURN_NOT_FOUND, RETURN_STATE_REFUSED, that of the refusal by payments, or as `ReturnWriter.change` does
   */
  refund(request: RefundRequest): Promise<Return>
  /** Goes on with the refunds that are due, once. @returns how many there were */
  settleDue(onFailure: (error: unknown, returnId: string) => void): Promise<number>
}>

export type RefundRequest = RefundInput &
  Readonly<{ orderUid: string; returnId: string; reason: string; actor: string; traceparent: string | undefined }>

export type RefundOptions = Readonly<{
  pool: Pool
  writer: ReturnWriter
  payments: RefundCommands
  now: () => number
  hooks: ReturnHooks
}>

/** Refunds of one round of the worker. */
const roundMax = 100
const pauseMs = 1_000

export function createReturnRefunds(options: RefundOptions): ReturnRefunds {
  return {
    async refund(request) {
      const { orderUid, returnId, reason, actor, traceparent } = request
      const begun = await changeReturn(options, { orderUid, returnId, wantsDocument: true }, (before, of, facts) => {
        const paid = paidOf(JSON.parse(facts.document) as PaidOrder)
        return decideRefund(before, of, request, paid.delivery, { nowMs: facts.nowMs, reason, actor, traceparent })
      })
      await options.hooks.reached('begun', returnId)
      return settle(options, begun, traceparent)
    },
    async settleDue(onFailure) {
      const due = await findDueRefunds(options.pool, options.now(), roundMax)
      for (const { orderUid, returnId } of due) {
        await changeReturn(options, { orderUid, returnId }, (_, of, { nowMs }) => decideTakeUp(of, nowMs))
          .then(of => settle(options, of, undefined))
          .catch(error => onFailure(error, returnId))
      }
      return due.length
    },
  }
}

/** Asks payments for an attempt that is pending, and notes what they say. */
async function settle(options: RefundOptions, of: Return, traceparent: string | undefined): Promise<Return> {
  const { orderUid, returnId, refund } = of
  if (refund.state !== 'pending') return of
  const note = (outcome: OrderRefundOutcome | undefined) =>
    changeReturn(options, { orderUid, returnId }, (_, now, { nowMs }) =>
      decideOutcome(now, refund.attempts, outcome, { nowMs, traceparent }),
    )
  const { amount, isAtMost, reason, actor, attempts } = refund
  const rids = of.units.filter(isBack).map(({ rid }) => rid)
  const key = `${returnId}/${attempts}`
  const asked = { orderUid, key, amount, isAtMost, rids, reason, actor, traceparent }
  const outcome = await options.payments.refund(asked).catch(async error => {
    // Nothing was begun: another amount may be asked for. An outage leaves the attempt to the worker.
    if (error instanceof AppError && catalogue[error.code].status < 500) await note(undefined)
    throw error
  })
  await options.hooks.reached('refunded', returnId)
  return note(outcome)
}

type Named = Readonly<{ orderUid: string; returnId: string; wantsDocument?: boolean }>

/** Changes a return by a decision. @returns the return as it is then @throws AppError RETURN_NOT_FOUND */
export function changeReturn(
  { writer }: Pick<RefundOptions, 'writer'>,
  { returnId, ...request }: Named & Pick<Parameters<ReturnWriter['change']>[0], 'itemsOf'>,
  decide: (
    before: OrderReturns,
    of: Return,
    facts: Parameters<Parameters<ReturnWriter['change']>[0]['decide']>[1],
  ) => ReturnDecision,
): Promise<Return> {
  return writer.change({
    ...request,
    decide(before, facts) {
      const of = before.returns.find(one => one.returnId === returnId)
      if (of === undefined) throw returnNotFound(returnId)
      const decision = decide(before, of, facts)
      return { result: decision?.change.after ?? of, decision }
    },
  })
}

/** Goes on with refunds that nobody waits for until told to stop. Every instance does so: payments make each attempt once. */
export async function runRefunds(refunds: ReturnRefunds, log: Logger, stop: AbortSignal): Promise<void> {
  let failures = 0
  const onFailure = (error: unknown, returnId: string) => {
    failures += 1
    if (isPowerOfTwo(failures))
      log.warn({ err: error, returnId, failures }, 'a return could not be refunded; trying again')
  }
  const run = async () => ((await refunds.settleDue(onFailure)) >= roundMax ? 'more' : 'done')
  await runPeriodically({ run, pauseMs, failure: 'returns could not be refunded', log }, stop)
}
