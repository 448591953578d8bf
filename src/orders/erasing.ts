import type { EraseStep, Erasing, ErasedPortion } from '../erase-part.ts'
import type { Whom } from '../whom.ts'
import type { Pool, PoolClient } from '../platform/postgres.ts'
import { checksumOf } from './document-check.ts'
import { lockOrders, type LockedOrder } from './order-locks.ts'
import { digestOf, withoutRecipient } from './recipient.ts'
import { saveChanges } from './save-changes.ts'

/** Orders whose recipients are erased by one transaction, and the bytes of their documents. */
const ordersMax = 100
const bytesMax = 4 * 1024 * 1024

/**
 * Erases the recipients of orders, a customer's in the order of their creation, each as a change of its own: a version, a line of the
 * history and an event, which also evicts it from every cache. Orders that other transactions have are left for the next portion.
 */
export const eraseOrders: EraseStep = {
  name: 'orders',
  async run(client, erasing, position) {
    const found = await findPortion(client, erasing.whom, position)
    const uids = found.map(row => row.order_uid).toSorted()
    const { locked, busy } = await lockOrders(client, uids)
    const changed = await erase(client, locked, erasing)
    if (busy.length > 0) return { erased: changed, next: position, isBusy: true }
    return { erased: changed, next: await nextOf(client, erasing, found.at(-1)?.position, position) }
  },
}

type Found = { order_uid: string; position: string }

/** A position is the time of an order and its uid. */
async function findPortion(client: PoolClient, whom: Whom, position: string): Promise<Found[]> {
  const [time = '', uid = ''] = position.split(' ')
  const { rows } = await client.query<Found>(
    `select order_uid, position
       from (select order_uid, extract(epoch from created_at)::text || ' ' || order_uid as position,
                    sum(octet_length(document)) over (order by created_at, order_uid) - octet_length(document) as bytes_before
               from (select order_uid, created_at, document
                       from orders
                      where ${isOf(whom)} and sent_digest is null
                        and ($2 = '' or (created_at, order_uid) > (to_timestamp(nullif($2, '')::numeric), $3))
                      order by created_at, order_uid
                      limit ${ordersMax}) few) sized
      where bytes_before < ${bytesMax}`,
    [whom.orderUid ?? whom.customerId, time, uid],
  )
  return rows
}

/** SQL of the condition that an index serves. */
const isOf = ({ orderUid }: Whom) =>
  orderUid === undefined ? 'left(customer_id, 100) = left($1, 100) and customer_id = $1' : 'order_uid = $1'

/** Behind the last order it begins again if one has come in meanwhile: an order says itself when it was created. */
async function nextOf(
  client: PoolClient,
  { whom }: Erasing,
  last: string | undefined,
  position: string,
): Promise<ErasedPortion['next']> {
  if (last !== undefined) return last
  return position !== '' && (await findPortion(client, whom, '')).length > 0 ? '' : undefined
}

/** @returns how many had recipients */
async function erase(client: PoolClient, locked: readonly LockedOrder[], erasing: Erasing): Promise<number> {
  const { reason, actor, nowMs } = erasing
  const { rows } = await client.query<{ order_uid: string; document: string }>(
    `select order_uid, document from orders where order_uid = any($1) and sent_digest is null`,
    [locked.map(({ orderUid }) => orderUid)],
  )
  const documents = new Map(rows.map(row => [row.order_uid, row.document]))
  const orders = locked.filter(({ orderUid }) => documents.has(orderUid))
  if (orders.length === 0) return 0
  const uids = orders.map(({ orderUid }) => orderUid)
  // Before the versions: the trigger tells other instances of the version after the one that it finds.
  await replaceDocuments(client, rows)
  await client.query(
    'update order_corrections set delivery = null where order_uid = any($1) and delivery is not null',
    [uids],
  )
  await erasing.eraseOfOrders(client, uids)
  const changes = orders.map(order => ({ order, state: order.state, command: 'erase', reason, actor }) as const)
  await saveChanges(client, changes, nowMs)
  return orders.length
}

async function replaceDocuments(
  client: PoolClient,
  sent: readonly { order_uid: string; document: string }[],
): Promise<void> {
  const documents = sent.map(({ document }) => withoutRecipient(document))
  await client.query(
    `update orders o
        set document = e.document, document_crc32 = e.checksum, delivery = null, sent_digest = e.digest
       from unnest($1::text[], $2::text[], $3::int[], $4::bytea[]) e (order_uid, document, checksum, digest)
      where o.order_uid = e.order_uid and o.order_uid = any($1)`,
    [
      sent.map(({ order_uid: uid }) => uid),
      documents,
      documents.map(checksumOf),
      sent.map(({ document }) => digestOf(document)),
    ],
  )
}

/** Those of some orders that are erased. */
export async function findErased(client: PoolClient, orderUids: readonly string[]): Promise<string[]> {
  if (orderUids.length === 0) return []
  const { rows } = await client.query<{ order_uid: string }>(
    'select order_uid from orders where order_uid = any($1) and sent_digest is not null',
    [orderUids],
  )
  return rows.map(row => row.order_uid)
}

/** Those of some orders that are meant: a customer's, as they are stored, or the one. */
export async function findOrdersOf(
  client: Pool | PoolClient,
  { customerId, orderUid }: Whom,
  orderUids: readonly string[],
): Promise<ReadonlySet<string>> {
  if (orderUid !== undefined) return new Set(orderUids.filter(uid => uid === orderUid))
  if (orderUids.length === 0) return new Set()
  const { rows } = await client.query<{ order_uid: string }>(
    'select order_uid from orders where order_uid = any($1) and customer_id = $2',
    [[...new Set(orderUids)], customerId],
  )
  return new Set(rows.map(row => row.order_uid))
}
