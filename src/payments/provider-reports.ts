import { copyOfEvents, notifyOfEvents } from '../events/append.ts'
import { copyInto } from '../platform/copy.ts'
import { inTransaction, type Pool } from '../platform/postgres.ts'
import type { NewIssue } from './changes.ts'
import type { PaymentCommands } from './commands.ts'
import { newId } from './ids.ts'
import { insertIssues, issueEvent } from './issue-queries.ts'
import type { PaymentReport } from './provider.ts'
import { findByReference, findOrderOf } from './read-queries.ts'

/** What providers tell about payments by events. */

/** How long the look at the provider may have taken before its report is applied, in milliseconds. */
const lookMsMax = 20_000

type Options = Readonly<{ pool: Pool; commands: PaymentCommands; now: () => number }>

/** Applies a report to its payment. @returns false: there is no such payment here */
export async function applyProviderReport(
  { pool, commands, now }: Options,
  provider: string,
  report: PaymentReport,
): Promise<boolean> {
  const found = (await findOurs(pool, report)) ?? (await findByReference(pool, provider, report.providerRef))
  if (found === undefined) return false
  await commands.report(found.orderUid, { paymentId: found.paymentId, report, askedAtMs: now() - lookMsMax })
  return true
}

async function findOurs(pool: Pool, { paymentId }: PaymentReport) {
  const orderUid = paymentId === undefined ? undefined : await findOrderOf(pool, paymentId)
  return orderUid === undefined || paymentId === undefined ? undefined : { orderUid, paymentId }
}

/** Opens an issue for money of a payment that bears our ids, and is not here. */
export async function noteUnmatched(
  { pool, now }: Pick<Options, 'pool' | 'now'>,
  provider: string,
  report: PaymentReport,
): Promise<void> {
  const { providerRef, paymentId, currency, captured, authorization } = report
  const amount = Math.max(captured, authorization.state === 'authorized' ? authorization.amount : 0)
  const issue: NewIssue = {
    kind: 'unmatched_money',
    subject: `${provider}:${providerRef}`,
    orderUid: undefined,
    paymentId,
    provider,
    currency,
    amount: amount || undefined,
    detail: `${provider} has money for the payment ${paymentId}, which is not here`,
  }
  const nowMs = now()
  await inTransaction(pool, async client => {
    const opened = await insertIssues(client, [{ ...issue, issueId: newId('iss') }], nowMs)
    if (opened.length === 0) return
    const events = opened.map(one => issueEvent(one, nowMs))
    await copyInto(client, [copyOfEvents(events)], notifyOfEvents)
  })
}
