import { hash } from 'node:crypto'
import type { PoolClient } from '../platform/postgres.ts'
import { codeKey, type Discount } from './discount.ts'
import { findDiscounts, findUses, useKey } from './discount-queries.ts'
import { lockLimits } from './limit-locks.ts'

/** The uses of discount codes by orders: never more than a code allows, whatever happens at once. */

/** An order that wants to use codes, each once. @param customer as `customerKey` makes it */
export type CodeUse = Readonly<{ orderUid: string; codes: readonly string[]; customer: string }>

/**
 * What a buyer is counted by: their customer id, or else their email address. Only its SHA-256 is stored, so the count holds no
 * personal data.
 */
export function customerKey(buyer: { customerId?: string | undefined; email?: string | undefined }): string {
  const { customerId = '', email = '' } = buyer
  const named = customerId === '' ? `email:${email.toLowerCase()}` : `customer:${customerId}`
  return hash('sha256', named, 'hex')
}

/**
 * Uses up codes for orders that are placed, in their transaction: the first orders get what is left. An order gets all of its codes or
 * none. Takes three statements for all orders together, and none if no order has a code. The transaction holds the locks of the codes.
 *
 * @param uses in the order in which they came
 * @param nowMs by which a code applies
 * @returns for each of them a code that it cannot use any more; undefined: it has used all of its codes
 */
export async function useCodes(
  client: PoolClient,
  uses: readonly CodeUse[],
  nowMs: number,
): Promise<(string | undefined)[]> {
  const keys = [...new Set(uses.flatMap(({ codes }) => codes.map(codeKey)))]
  if (keys.length === 0) return uses.map(() => undefined)
  const discounts = await findDiscounts(client, keys)
  const counts = await findUses(client, keys, [...new Set(uses.map(({ customer }) => customer))])
  const refused = decideUses(uses, discounts, counts, nowMs)
  await saveUses(
    client,
    uses.filter((_, index) => refused[index] === undefined),
    nowMs,
  )
  return refused
}

/** Decides who gets what. Pure. @param counts the uses by `useKey` */
export function decideUses(
  uses: readonly CodeUse[],
  discounts: ReadonlyMap<string, Discount>,
  counts: ReadonlyMap<string, number>,
  nowMs: number,
): (string | undefined)[] {
  const used = new Map([...discounts].map(([key, discount]) => [key, discount.uses]))
  const usedBy = new Map(counts)
  return uses.map(({ codes, customer }) => {
    const wanted = new Map(codes.map(code => [codeKey(code), code]))
    for (const [key, code] of wanted) {
      const discount = discounts.get(key)
      const ofCustomer = usedBy.get(useKey(key, customer)) ?? 0
      if (discount === undefined || !allows(discount, used.get(key) ?? 0, ofCustomer, nowMs)) return code
    }
    for (const key of wanted.keys()) {
      used.set(key, (used.get(key) ?? 0) + 1)
      usedBy.set(useKey(key, customer), (usedBy.get(useKey(key, customer)) ?? 0) + 1)
    }
    return undefined
  })
}

function allows(discount: Discount, uses: number, usesByCustomer: number, nowMs: number): boolean {
  const { active, startsAtMs, endsAtMs, usesMax, usesPerCustomerMax } = discount
  return (
    active &&
    nowMs >= (startsAtMs ?? Number.NEGATIVE_INFINITY) &&
    nowMs < (endsAtMs ?? Number.POSITIVE_INFINITY) &&
    uses < (usesMax ?? Number.POSITIVE_INFINITY) &&
    usesByCustomer < (usesPerCustomerMax ?? Number.POSITIVE_INFINITY)
  )
}

/** Writes uses and counts them in one statement. The database has the last word: the limit is a condition of the row. */
async function saveUses(client: PoolClient, uses: readonly CodeUse[], nowMs: number): Promise<void> {
  const rows = uses.flatMap(({ orderUid, codes, customer }) =>
    [...new Set(codes.map(codeKey))].map(key => ({ orderUid, key, customer })),
  )
  if (rows.length === 0) return
  await client.query(
    `with used as (
       insert into discount_uses (order_uid, code_key, customer, used_at)
       select order_uid, code_key, customer, $4
         from unnest($1::text[], $2::text[], $3::text[]) as wanted (order_uid, code_key, customer)
       returning code_key, customer
     ), counted as (
       insert into discount_customers (code_key, customer, uses)
       select code_key, customer, count(*) from used group by code_key, customer
       on conflict (code_key, customer) do update set uses = discount_customers.uses + excluded.uses
     )
     update discounts
        set uses = discounts.uses + used.uses
       from (select code_key, count(*) as uses from used group by code_key) used
      where discounts.code_key = used.code_key`,
    [rows.map(row => row.orderUid), rows.map(row => row.key), rows.map(row => row.customer), new Date(nowMs)],
  )
}

/** Gives back what orders have used: they are cancelled or have expired. Orders that used no code cost one statement. */
export async function returnCodes(client: PoolClient, orderUids: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ code_key: string }>(
    'select distinct code_key from discount_uses where order_uid = any($1)',
    [orderUids],
  )
  if (rows.length === 0) return
  await lockLimits(
    client,
    rows.map(row => row.code_key),
  )
  await client.query(
    `with returned as (
       delete from discount_uses where order_uid = any($1) returning code_key, customer
     ), counted as (
       update discount_customers
          set uses = discount_customers.uses - returned.uses
         from (select code_key, customer, count(*) as uses from returned group by code_key, customer) returned
        where discount_customers.code_key = returned.code_key and discount_customers.customer = returned.customer
     )
     update discounts
        set uses = discounts.uses - returned.uses
       from (select code_key, count(*) as uses from returned group by code_key) returned
      where discounts.code_key = returned.code_key`,
    [orderUids],
  )
}
