import { letterChecks } from './dead-letters/letter-checks.ts'
import { logChecks } from './events/log-checks.ts'
import { tallyCheck } from './orders/order-checks.ts'
import { checkDeadlineMs, verifyAllOrders } from './orders/verify.ts'
import { type Finding, runCheck } from './platform/integrity.ts'
import type { Pool } from './platform/postgres.ts'
import { webhookChecks } from './webhooks/webhook-checks.ts'

/** What a check of the whole database has found. */
export type Verification = {
  findings: Finding[]
  /** How many orders were compared with their documents. */
  orders: number
  /** How many of them were placed before documents had a checksum. */
  unproven: number
}

/**
 * Checks every guarantee that the database alone can be asked for, on a live database and without changing anything. What cannot
 * be noticed this way is listed in docs/verify.md.
 *
 * @param options nowMs: milliseconds since 1970; unpaidExpiresAfterMs: after how long unpaid orders expire, undefined: never;
 *   onProgress: hears what is done, in a few words
 */
export async function verifyDatabase(
  pool: Pool,
  options: { nowMs: number; unpaidExpiresAfterMs: number | undefined; onProgress?: (sentence: string) => void },
): Promise<Verification> {
  const { nowMs, unpaidExpiresAfterMs, onProgress } = options
  const verified = await verifyAllOrders(pool, nowMs, unpaidExpiresAfterMs, onProgress)
  for (const check of [tallyCheck, ...logChecks, ...letterChecks, ...webhookChecks]) {
    verified.findings.push(await runCheck(pool, check, { deadlineMs: checkDeadlineMs }))
    onProgress?.(`checked: ${check.says}`)
  }
  return verified
}
