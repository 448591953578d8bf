import { expect } from 'bun:test'
import type { Balance } from '../src/ledger/balances.ts'
import type { PaymentView } from '../src/payments/views.ts'
import type { Pool } from '../src/platform/postgres.ts'
import type { FakeStripe } from './fake-stripe.ts'
import type { FakeIntent } from './fake-stripe-objects.ts'
import { brokenRules } from './invariants.ts'
import { eventually } from './kafka.ts'
import type { PaymentRequests } from './payments.ts'

/** What must hold after each fault between the service and the fake of Stripe. */

type Sides = Readonly<{
  pool: Pool
  stripe: FakeStripe
  service: Pick<PaymentRequests, 'read'>
  /** Ids of intents at Stripe that no payment here has made. */
  strangers?: ReadonlySet<string>
}>

/** Waits until no operation is open. */
export async function expectSettled(pool: Pool): Promise<void> {
  await eventually('every operation is settled', async () => (await openOperations(pool)).length === 0)
}

async function openOperations(pool: Pool): Promise<unknown[]> {
  const { rows } = await pool.query(
    `select operation_id, kind, state from payment_operations where state in ('requested', 'sent', 'unknown')`,
  )
  return rows
}

/**
 * No operation is open, `verify` finds nothing, each payment is at Stripe once and has the money there that it has here, and the ledger
 * says that Stripe holds what it does hold.
 */
export async function expectSameBooks({ pool, stripe, service, strangers = new Set() }: Sides): Promise<void> {
  expect(await openOperations(pool)).toEqual([])
  expect(await brokenRules(pool)).toEqual([])
  const intents = [...stripe.intents.values()].filter(({ id }) => !strangers.has(id))
  const theirs = intents.map(intent => ({ id: intent.metadata.payment_id, ...moneyOf(stripe, intent) }))
  expect(new Set(theirs.map(({ id }) => id)).size).toBe(theirs.length)
  const ours = await Promise.all(
    theirs.map(async ({ id }) => {
      const { currency, amounts } = await service.read<PaymentView>(`/api/payments/${id}`)
      const { captured, refunded, disputed } = amounts
      return { id, currency, captured, refunded, disputed }
    }),
  )
  expect(ours).toEqual(theirs)
  expect(await clearingOf(service)).toEqual(heldBy(theirs))
}

/** ISO 4217 counts no decimals of these, and Stripe two. */
const hundredfold = new Set(['ISK', 'UGX'])

function moneyOf(stripe: FakeStripe, { id, currency, charge }: FakeIntent) {
  const code = currency.toUpperCase()
  const unit = hundredfold.has(code) ? 100 : 1
  const sum = (amounts: { intent: string; amount: number }[]) =>
    amounts.filter(({ intent }) => intent === id).reduce((total, { amount }) => total + amount, 0) / unit
  return {
    currency: code,
    captured: (charge?.captured ?? 0) / unit,
    refunded: sum(stripe.refunds.filter(({ status }) => status === 'succeeded')),
    disputed: sum(stripe.disputes.filter(({ status }) => status !== 'won')),
  }
}

type Money = ReturnType<typeof moneyOf>

function heldBy(payments: readonly Money[]): Record<string, number> {
  const held: Record<string, number> = {}
  for (const { currency, captured, refunded, disputed } of payments) {
    // Each difference first: sums of what was captured may be beyond 2^53.
    held[currency] = (held[currency] ?? 0) + (captured - refunded - disputed)
  }
  return withoutNothing(held)
}

async function clearingOf({ read }: Sides['service']): Promise<Record<string, number>> {
  const accounts = await read<(Omit<Balance, 'balance'> & { balance: number })[]>('/api/ledger/accounts')
  const clearing = accounts.filter(({ account }) => account === 'clearing:stripe')
  return withoutNothing(Object.fromEntries(clearing.map(({ currency, balance }) => [currency, balance])))
}

function withoutNothing(sums: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(sums).filter(([, sum]) => sum !== 0))
}
