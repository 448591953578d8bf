import type { Logger } from '../platform/log.ts'
import { isPowerOfTwo, runPeriodically } from '../platform/periodic.ts'
import type { Pool } from '../platform/postgres.ts'
import { dueBounds } from './claim.ts'
import { contextAt, type PaymentCommands } from './commands.ts'
import type { PaymentRules } from './changes.ts'
import { decideDueLook } from './decide-look.ts'
import type { PaymentWriter } from './group.ts'

/** How often it is looked for what is due, in milliseconds. */
const pauseMs = 1_000

/** What is taken up in one round, and how much of it at a time: a provider that hangs must not take every connection. */
const roundMax = 200
const atOnceMax = 16

export type SettlementOptions = Readonly<{
  pool: Pool
  writer: PaymentWriter
  commands: PaymentCommands
  rules: PaymentRules
  now: () => number
  log: Logger
}>

/**
 * Settles what nobody waits for: operations that were requested by a decision, or whose outcome is not known, and payments that wait for
 * the payer or the provider. Every instance does so at once: an operation is claimed under its order's lock.
 */
export async function runSettlement(options: SettlementOptions, stop: AbortSignal): Promise<void> {
  const { log } = options
  let failures = 0
  const onFailure = (error: unknown, orderUid: string) => {
    failures += 1
    if (isPowerOfTwo(failures))
      log.warn({ err: error, orderUid, failures }, 'a payment could not be settled; trying again')
  }
  const run = async () => ((await settleDue(options, onFailure)) >= roundMax ? 'more' : 'done')
  await runPeriodically({ run, pauseMs, failure: 'payments could not be settled', log }, stop)
}

/** Takes up what is due now, once. @returns how much there was; `roundMax` may mean that there is more */
export async function settleDue(
  options: SettlementOptions,
  onFailure: (error: unknown, orderUid: string) => void,
): Promise<number> {
  const { pool, commands, now } = options
  const operations = await findDueOperations(pool, now())
  const looks = await findDueLooks(pool, now())
  const tasks = [
    ...operations.map(({ orderUid, id }) => ({ orderUid, run: () => commands.settle(orderUid, id) })),
    ...looks.map(({ orderUid, id }) => ({ orderUid, run: () => look(options, orderUid, id) })),
  ].values()
  const work = async () => {
    for (const { orderUid, run } of tasks) await run().catch(error => onFailure(error, orderUid))
  }
  await Promise.all(Array.from({ length: atOnceMax }, work))
  return Math.max(operations.length, looks.length)
}

type Due = Readonly<{ orderUid: string; id: string }>

async function findDueOperations(pool: Pool, nowMs: number): Promise<Due[]> {
  const { rows } = await pool.query<{ order_uid: string; operation_id: string }>(
    `(select order_uid, operation_id from payment_operations
       where next_attempt_at <= $1 order by next_attempt_at limit ${roundMax})
      union all
     (select order_uid, operation_id from payment_operations
       where next_attempt_at > $2 order by next_attempt_at limit ${roundMax})
      limit ${roundMax}`,
    dueBounds(nowMs),
  )
  return rows.map(row => ({ orderUid: row.order_uid, id: row.operation_id }))
}

async function findDueLooks(pool: Pool, nowMs: number): Promise<Due[]> {
  const { rows } = await pool.query<{ order_uid: string; payment_id: string }>(
    `select order_uid, payment_id from payments where next_look_at <= $1 order by next_look_at limit ${roundMax}`,
    [new Date(nowMs)],
  )
  return rows.map(row => ({ orderUid: row.order_uid, id: row.payment_id }))
}

/** Looks a payment up: the next look is set first, so that one instance does it. */
async function look(
  { writer, rules, commands }: SettlementOptions,
  orderUid: string,
  paymentId: string,
): Promise<void> {
  const isOurs = await writer.change({
    orderUid,
    decide(before, nowMs) {
      const payment = before?.payments.find(({ paymentId: id }) => id === paymentId)
      if (before === undefined || payment?.nextLookAtMs === undefined || payment.nextLookAtMs > nowMs)
        return { result: false }
      const decision = decideDueLook(before, paymentId, contextAt(rules, nowMs, undefined))
      const changes = decision.kind === 'changed' ? decision.changes : undefined
      return { result: true, changes }
    },
  })
  if (isOurs) await commands.sync(orderUid, paymentId)
}
