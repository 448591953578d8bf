import { advisoryLockSpaces } from '../advisory-locks.ts'
import { arrayOf } from '../platform/array-text.ts'
import { type Change, tableOf } from '../platform/table.ts'
import type { Pool, PoolClient } from '../platform/postgres.ts'
import { type Answer, inOneRoundTrip, type Statement } from '../platform/round-trip.ts'
import type { Cart, CartDelivery } from './cart.ts'

/** The rows of carts: how they are written, locked and read. */

export const cartsTable = tableOf<Cart>('carts', [
  { name: 'cart_id', type: 'text', role: 'key', of: cart => cart.cartId },
  { name: 'token_hash', type: 'text', role: 'fixed', of: cart => cart.tokenHash },
  { name: 'state', type: 'text', of: cart => cart.state },
  { name: 'currency', type: 'text', role: 'fixed', of: cart => cart.currency },
  { name: 'customer_id', type: 'text', of: cart => cart.customerId },
  { name: 'email', type: 'text', of: cart => cart.email },
  { name: 'delivery', type: 'text', of: ({ delivery }) => delivery && JSON.stringify(delivery) },
  { name: 'delivery_method', type: 'text', of: cart => cart.deliveryMethod },
  { name: 'discount_codes', type: 'text[]', of: cart => cart.discountCodes },
  { name: 'note', type: 'text', of: cart => cart.note },
  { name: 'metadata', type: 'text', of: ({ metadata }) => metadata && JSON.stringify(metadata) },
  { name: 'lines', type: 'text', of: cart => linesJson(cart) },
  { name: 'version', type: 'integer', of: cart => cart.version },
  { name: 'sequence', type: 'integer', of: cart => cart.sequence },
  { name: 'recorded_at', type: 'timestamptz', of: cart => cart.recordedAtMs },
  { name: 'order_uid', type: 'text', of: cart => cart.orderUid },
  { name: 'merged_into', type: 'text', of: cart => cart.mergedInto },
  { name: 'abandoned_at', type: 'timestamptz', of: cart => cart.abandonedAtMs },
  { name: 'created_at', type: 'timestamptz', role: 'fixed', of: cart => cart.createdAtMs },
  { name: 'updated_at', type: 'timestamptz', of: cart => cart.updatedAtMs },
  { name: 'expires_at', type: 'timestamptz', of: cart => cart.expiresAtMs },
  { name: 'next_look_at', type: 'timestamptz', of: cart => cart.nextLookAtMs },
])

type StoredLine = { chrt_id: number; quantity: number; price_when_added: number }

function linesJson({ lines }: Cart): string {
  return JSON.stringify(
    lines.map(
      ({ chrtId, quantity, priceWhenAdded }): StoredLine => ({
        chrt_id: chrtId,
        quantity,
        price_when_added: priceWhenAdded,
      }),
    ),
  )
}

/** A time in milliseconds since 1970: the driver takes ten times as long for a date. */
const time = (name: string) => `(extract(epoch from ${name}) * 1000)::float8 as ${name}`

const times = ['recorded_at', 'abandoned_at', 'created_at', 'updated_at', 'expires_at', 'next_look_at'] as const

export const cartColumns = `cart_id, token_hash, state, currency, customer_id, email, delivery, delivery_method, discount_codes, note,
  metadata, lines, version, sequence, order_uid, merged_into, ${times.map(time).join(', ')}`

export type CartRow = Readonly<{
  cart_id: string
  token_hash: string
  state: Cart['state']
  currency: string
  customer_id: string | null
  email: string | null
  delivery: string | null
  delivery_method: string | null
  discount_codes: readonly string[]
  note: string | null
  metadata: string | null
  lines: string
  version: number
  sequence: number
  order_uid: string | null
  merged_into: string | null
  recorded_at: number
  abandoned_at: number | null
  created_at: number
  updated_at: number
  expires_at: number | null
  next_look_at: number | null
}>

export function toCart(row: CartRow): Cart {
  return {
    cartId: row.cart_id,
    tokenHash: row.token_hash,
    state: row.state,
    currency: row.currency,
    customerId: row.customer_id ?? undefined,
    email: row.email ?? undefined,
    delivery: row.delivery === null ? undefined : (JSON.parse(row.delivery) as CartDelivery),
    deliveryMethod: row.delivery_method ?? undefined,
    discountCodes: row.discount_codes,
    note: row.note ?? undefined,
    metadata: row.metadata === null ? undefined : (JSON.parse(row.metadata) as Record<string, unknown>),
    lines: (JSON.parse(row.lines) as StoredLine[]).map(line => ({
      chrtId: line.chrt_id,
      quantity: line.quantity,
      priceWhenAdded: line.price_when_added,
    })),
    version: row.version,
    sequence: row.sequence,
    recordedAtMs: row.recorded_at,
    orderUid: row.order_uid ?? undefined,
    mergedInto: row.merged_into ?? undefined,
    abandonedAtMs: row.abandoned_at ?? undefined,
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
    expiresAtMs: row.expires_at ?? undefined,
    nextLookAtMs: row.next_look_at ?? undefined,
  }
}

/** The statement that reads carts, by id; those that are not there are left out. */
export function storedCarts(cartIds: readonly string[]): Statement<Map<string, Cart>> {
  return {
    text: `select ${cartColumns} from carts where cart_id = any($1)`,
    values: [cartIds],
    read: ({ rows }: { rows: readonly CartRow[] }) => new Map(rows.map(row => [row.cart_id, toCart(row)])),
  }
}

/** Reads carts. @returns by id; those that are not there are left out */
export async function readCarts(client: Pool | PoolClient, cartIds: readonly string[]): Promise<Map<string, Cart>> {
  const { text, values, read } = storedCarts(cartIds)
  return read((await client.query(text, [...(values ?? [])])) as Answer)
}

/** What others have done with carts. */
export type CartsNow = Readonly<{
  /** The ids of those that another transaction has. */
  busy: ReadonlySet<string>
  /** As `stampOf` makes them, by id; those that are not there are left out. */
  stamps: ReadonlyMap<string, string>
}>

/**
 * The statement that locks carts until the transaction ends, and reads stamps behind that. It waits for no lock, and comes before the
 * transaction's first write, so that the events of a cart are in their order in the log: see `lockOrder`.
 *
 * @param locked sorted, each once
 * @param stamped those whose stamps are wanted
 */
export function lockingCarts(locked: readonly string[], stamped: readonly string[]): Statement<CartsNow> {
  const id = (cartId: string) => cartId
  return {
    text: 'select busy, stamps from lock_carts($1, $2, $3)',
    values: [advisoryLockSpaces.carts, arrayOf(locked, id), arrayOf(stamped, id)],
    read({ rows: [row] }: { rows: readonly { busy: string | null; stamps: string | null }[] }) {
      const stamps = (row?.stamps?.split(',') ?? []).map((one): [string, string] => {
        const space = one.indexOf(' ')
        return [one.slice(0, space), one.slice(space + 1)]
      })
      return { busy: new Set(row?.busy?.split(',')), stamps: new Map(stamps) }
    },
  }
}

/** The statement that writes carts which are there already as they are now; none for no carts. */
export function updatingCarts(changes: readonly Change<Cart>[]): readonly Statement<undefined>[] {
  return changes.length === 0 ? [] : cartsTable.update(changes)
}

export async function updateCarts(client: PoolClient, changes: readonly Change<Cart>[]): Promise<void> {
  await inOneRoundTrip(client, updatingCarts(changes))
}
