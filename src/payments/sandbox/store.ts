import { inBatches } from '../../platform/batches.ts'
import type { Pool } from '../../platform/postgres.ts'
import { eventsOf, type SandboxEvent } from './events.ts'
import type { SandboxDecision, SandboxPayment, SandboxTimes } from './payment.ts'
import { insertPayments, readPayments, readPaymentsOf, type StoredPayment, updatePayments } from './queries.ts'

/** What a change came to; the payment as it is then, undefined when there is none. */
export type SandboxChange = Readonly<{ decision: SandboxDecision; payment: SandboxPayment }> | undefined

export type SandboxStore = Readonly<{
  /** Stores a payment, unless there is one by this reference. @returns the one that is there */
  insert(payment: SandboxPayment): Promise<SandboxPayment>
  change(ref: string, decide: (payment: SandboxPayment) => SandboxDecision): Promise<SandboxChange>
  read(ref: string): Promise<SandboxPayment | undefined>
  /** The payments that the shop calls so. */
  readOf(paymentId: string): Promise<SandboxPayment[]>
}>

const paymentsMax = 64
/** Another instance has changed the same payment; each time one of them gets on. */
const triesMax = 20

/**
 * The payments of the sandbox in the database. Calls at the same time share statements: one for new payments, two for changes.
 *
 * @param options onEvents: is called when events are stored
 */
export function createSandboxStore(options: {
  pool: Pool
  now: () => number
  times: SandboxTimes
  onEvents: () => void
}): SandboxStore {
  const { pool, now, times } = options
  const tell = (events: readonly SandboxEvent[]) => {
    if (events.length > 0) options.onEvents()
  }
  const insertAll = inBatches(async (given: readonly SandboxPayment[]) => {
    // Of two by one key the first is stored.
    const byRef = new Map(given.toReversed().map(payment => [payment.ref, payment]))
    const payments = [...byRef.values()].sort((a, b) => (a.ref < b.ref ? -1 : 1))
    const events = payments.flatMap(payment => eventsOf(undefined, payment, now(), times.laterMs))
    const inserted = await insertPayments(pool, payments, events)
    tell(events)
    const known = payments.map(({ ref }) => ref).filter(ref => !inserted.has(ref))
    const stored = known.length === 0 ? new Map<string, StoredPayment>() : await readPayments(pool, known)
    return given.map(payment => stored.get(payment.ref)?.payment ?? byRef.get(payment.ref) ?? payment)
  }, paymentsMax)

  const changeAll = inBatches((asked: readonly Asked[]) => changeTogether(pool, asked, now, times, tell), paymentsMax)

  return {
    insert: insertAll,
    async change(ref, decide) {
      if (!isReference(ref)) return undefined
      for (let tries = 1; ; tries += 1) {
        const outcome = await changeAll({ ref, decide })
        if (outcome !== 'overtaken') return outcome
        if (tries === triesMax) throw new Error(`the sandbox's payment ${ref} was changed by others ${triesMax} times`)
      }
    },
    read: async ref => (isReference(ref) ? (await readPayments(pool, [ref])).get(ref)?.payment : undefined),
    readOf: paymentId => readPaymentsOf(pool, paymentId),
  }
}

/** What comes from outside and cannot be a reference must not fail the statement of others. */
function isReference(text: string): boolean {
  return /^sbx_[\w-]{1,100}$/.test(text)
}

type Asked = { ref: string; decide: (payment: SandboxPayment) => SandboxDecision }

/** Decides on changes one after another, and writes the payments that were changed: each as it is after the last of them. */
async function changeTogether(
  pool: Pool,
  asked: readonly Asked[],
  now: () => number,
  { laterMs }: SandboxTimes,
  tell: (events: readonly SandboxEvent[]) => void,
): Promise<(SandboxChange | 'overtaken')[]> {
  const refs = [...new Set(asked.map(({ ref }) => ref))].sort()
  const stored = await readPayments(pool, refs)
  const changed = new Map<string, StoredPayment>()
  const events: SandboxEvent[] = []
  const outcomes = asked.map(({ ref, decide }): SandboxChange => {
    const before = changed.get(ref) ?? stored.get(ref)
    if (before === undefined) return undefined
    const decision = decide(before.payment)
    if (decision.kind !== 'changed') return { decision, payment: before.payment }
    changed.set(ref, { ...before, payment: decision.payment })
    events.push(...eventsOf(before.payment, decision.payment, now(), laterMs))
    return { decision, payment: decision.payment }
  })
  if (changed.size === 0) return outcomes
  const inOrder = refs.flatMap(ref => changed.get(ref) ?? [])
  const written = await updatePayments(pool, inOrder, events)
  tell(events)
  return outcomes.map((outcome, index) => {
    const ref = asked[index]?.ref ?? ''
    return changed.has(ref) && !written.has(ref) ? 'overtaken' : outcome
  })
}
