import { expectUnchangedOrders, unchangedOrders } from '../orders/order-locks.ts'
import { copyBehind } from '../platform/copy-behind.ts'
import { copyOfAnswers, type KeptAnswer } from '../platform/idempotency/queries.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { command, type Statement } from '../platform/round-trip.ts'
import { beginChanges } from './begin-changes.ts'
import type { KnownPayments } from './remembered.ts'
import {
  copiesOf,
  type DecidedChanges,
  endOf,
  type FollowedOrders,
  isAlone,
  withRows,
  type Writes,
  writesOf,
} from './save.ts'
import { toldParts } from './told-parts.ts'

/**
 * What decisions on orders write that nobody has read: by it `saveKnown` saves them.
 *
 * @returns undefined when it takes more than one round trip
 */
export function knownWrites(
  decided: readonly DecidedChanges[],
  { expiresAfterMs, parts }: FollowedOrders,
): KnownWrites | undefined {
  const writes = writesOf(decided, expiresAfterMs)
  const confirmed = writes.orders.confirmed.map(({ order }) => order.orderUid)
  const asked = toldParts(confirmed.length === 0 ? [] : parts(), confirmed)
  const told = asked.by(asked.questions.map(() => false))
  return isAlone(writes, told) ? { ...writes, unconcerned: asked.questions } : undefined
}

export type KnownWrites = Writes & Readonly<{ unconcerned: readonly Statement<boolean>[] }>

/**
 * Saves what was decided by what is known of orders, in one transaction and one round trip.
 *
 * @param known the orders as they were decided on
 * @throws DatabaseError serialization_failure when one of them is another or locked, or other modules are concerned: nothing was written
 */
export function saveKnown(
  client: PoolClient,
  known: readonly KnownPayments[],
  writes: KnownWrites,
  kept: readonly KeptAnswer[],
): Promise<void> {
  const orders = unchangedOrders(known.map(({ before }) => before.order))
  const statements = [
    ...beginChanges,
    command(changeKnown, [...orders, known.map(({ stamp }) => stamp), ...writes.rows]),
    ...writes.unconcerned.map(({ text, values }) => command(`select expect_none((${text}))`, values)),
    ...writes.updates,
  ]
  const copies = withRows([...copiesOf(writes), copyOfAnswers(kept)])
  return copyBehind(client, statements, copies, `${endOf(writes)};\n${expectUnchangedOrders};\ncommit`)
}

const changeKnown = 'select change_known_payments($1, $2, $3, $4, $5, $6, $7, $8)'
