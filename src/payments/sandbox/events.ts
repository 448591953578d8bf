import { capturedOf, type SandboxOperation, type SandboxPayment } from './payment.ts'

/** An event that the sandbox sends. Its id is made of what happened, so that a change that is stored twice is told once. */
export type SandboxEvent = Readonly<{
  id: string
  paymentRef: string
  type: string
  /** How often it is sent. */
  times: number
  dueAtMs: number
}>

/** The tokens whose changes are told by webhook too, although the answers tell them. */
const telling: readonly string[] = ['tok_webhook_first', 'tok_webhook_twice', 'tok_webhook_out_of_order']

/**
 * The events that a change leads to, at once or later.
 *
 * @param before undefined for a new payment
 * @param laterMs how long an event that comes out of order is late
 */
export function eventsOf(
  before: SandboxPayment | undefined,
  after: SandboxPayment,
  nowMs: number,
  laterMs: number,
): SandboxEvent[] {
  const event = (id: string, type: string, dueAtMs = nowMs): SandboxEvent => {
    const times = after.token === 'tok_webhook_twice' ? 2 : 1
    return { id: `evt_${id}`, paymentRef: after.ref, type, times, dueAtMs }
  }
  const isTold = telling.includes(after.token)
  const done = after.operations.slice(before?.operations.length ?? 0)
  return [
    ...(before === undefined ? openingOf(after, nowMs, laterMs, event) : []),
    ...(isTold ? done.map(({ id, kind }) => event(id, operationTypes[kind])) : []),
    ...done.flatMap(({ id, failsAtMs }) =>
      failsAtMs === undefined ? [] : [event(`${id}_failed`, 'refund.failed', failsAtMs)],
    ),
    ...(before !== undefined && before.payer !== after.payer && after.payer !== 'confirms'
      ? [event(`${after.ref}_payer`, outcomeOf(after, nowMs))]
      : []),
    ...(before?.dispute === undefined && after.dispute !== undefined
      ? [
          event(`${after.ref}_disputed`, 'dispute.opened', after.dispute.openedAtMs),
          event(`${after.ref}_dispute_closed`, 'dispute.closed', after.dispute.closedAtMs),
        ]
      : []),
  ]
}

const operationTypes: Readonly<Record<SandboxOperation['kind'], string>> = {
  capture: 'payment.captured',
  void: 'payment.voided',
  refund: 'refund.succeeded',
}

type MakeEvent = (id: string, type: string, dueAtMs?: number) => SandboxEvent

function openingOf(opened: SandboxPayment, nowMs: number, laterMs: number, event: MakeEvent): SandboxEvent[] {
  const { token, ref, approvedAtMs, expiresAtMs, capture } = opened
  const expiry = token === 'tok_expires' ? [event(`${ref}_expired`, 'payment.expired', expiresAtMs)] : []
  if (approvedAtMs > 0) return [event(ref, outcomeOf(opened, approvedAtMs), approvedAtMs)]
  if (token === 'tok_webhook_out_of_order') {
    const captured = capture === 'automatic' ? [event(`${ref}_captured`, 'payment.captured')] : []
    return [...captured, event(ref, 'payment.authorized', nowMs + laterMs)]
  }
  return telling.includes(token) ? [event(ref, outcomeOf(opened, nowMs))] : expiry
}

function outcomeOf(payment: SandboxPayment, nowMs: number): string {
  if (payment.payer === 'declined') return 'payment.failed'
  return capturedOf(payment, nowMs) > 0 ? 'payment.captured' : 'payment.authorized'
}
