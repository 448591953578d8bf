import { type Charge, heldBy, refundedBy, release, type SimulatedProvider } from './simulated-provider.ts'

/** What happens at a provider without a call of ours: the payer decides, its staff act, the bank takes money back. */

/** @param b decides what happens, and to how much */
export function actAtProvider(provider: SimulatedProvider, paymentId: string, b: number): void {
  const charge = provider.charges.get(paymentId)
  if (charge === undefined) return
  const acts = [
    // The payer confirms, also a payment that had failed before.
    () => charge.authorized === 0 && !isEnded(charge) && provider.approve(charge),
    () => isWaiting(charge) && setState(charge, 'failed'),
    () => isWaiting(charge) && setState(charge, 'requires_action'),
    () => captureSome(charge, 10 + b),
    () => heldBy(charge) > 0 && release(charge, b % 2 === 0 ? 'expired' : 'voided'),
    () => refundSome(provider, charge, 10 + (b % 5) * 10),
    () => setRefund(charge, 'pending', 'succeeded'),
    () => setRefund(charge, 'pending', 'failed'),
    () => setRefund(charge, 'succeeded', 'failed'),
    () => disputeSome(provider, charge, b),
    () => closeDispute(charge, 'won'),
    () => closeDispute(charge, 'lost'),
  ]
  acts[b % acts.length]?.()
}

/** Ends what waits at the provider: the payer confirms, refunds are paid out. */
export function resolveAtProvider(provider: SimulatedProvider, paymentId: string): void {
  const charge = provider.charges.get(paymentId)
  if (charge === undefined) return
  if (isWaiting(charge)) provider.approve(charge)
  for (const refund of charge.refunds) if (refund.state === 'pending') refund.state = 'succeeded'
}

function isWaiting({ state }: Charge): boolean {
  return state === 'processing' || state === 'requires_action'
}

function isEnded({ state }: Charge): boolean {
  return state === 'voided' || state === 'expired'
}

function setState(charge: Charge, state: Charge['state']): void {
  charge.state = state
}

function captureSome(charge: Charge, wanted: number): void {
  charge.captured += Math.min(heldBy(charge), wanted)
}

function refundSome(provider: SimulatedProvider, charge: Charge, wanted: number): void {
  const amount = Math.min(wanted, charge.captured - refundedBy(charge, 'pending', 'succeeded'))
  if (amount > 0)
    charge.refunds.push({ ref: provider.nextRef('re'), operationId: undefined, amount, state: 'succeeded' })
}

function setRefund(charge: Charge, from: 'pending' | 'succeeded', to: 'succeeded' | 'failed'): void {
  const refund = charge.refunds.find(({ state }) => state === from)
  if (refund !== undefined) refund.state = to
}

/** The bank takes back what it likes, also of money that was refunded. */
function disputeSome(provider: SimulatedProvider, charge: Charge, b: number): void {
  if (charge.captured > 0 && charge.disputes.length === 0)
    charge.disputes.push({ ref: provider.nextRef('dp'), amount: Math.min(charge.captured, 10 + b), state: 'open' })
}

function closeDispute(charge: Charge, state: 'won' | 'lost'): void {
  const dispute = charge.disputes.find(candidate => candidate.state === 'open')
  if (dispute !== undefined) dispute.state = state
}
