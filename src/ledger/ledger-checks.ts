import { droppedBefore, eventsOf } from '../events/event-sql.ts'
import { bookedOrders, orderUids } from '../orders/order-sql.ts'
import { orderStream } from '../orders/order-stream.ts'
import type { Check } from '../platform/integrity.ts'
import { legs } from './balances.ts'
import { daySeconds, minuteSeconds } from './sums.ts'
import { plainAccounts, transferKinds } from './transfer.ts'

/** The checks of the ledger. What a payment has to do with its transfers is checked with the payments. */

/** The newest transfers, which the audit checks. */
const newestMax = 200

/** The newest transfers under the name of their table. */
export const newest = `
  ledger_transfers as (select * from ledger_transfers order by xid desc, position desc limit ${newestMax}),`

const isPlain = (account: string) => (plainAccounts as readonly string[]).includes(account)

/** The chart of accounts: `name:` stands before a provider. */
const kinds = Object.entries(transferKinds)
  .map(([kind, { debit, credit }]) => {
    const [debited, credited] = [debit, credit].map(account => (isPlain(account) ? account : `${account}:`))
    return `('${kind}', '${debited}', '${credited}')`
  })
  .join(', ')

const isAccount = (account: string, said: string) =>
  `case when right(${said}, 1) = ':' then starts_with(${account}, ${said}) else ${account} = ${said} end`
const provider = (account: string, said: string) =>
  `case when right(${said}, 1) = ':' then substr(${account}, length(${said}) + 1) end`

const accounts: Check = {
  name: 'ledger-accounts',
  sentence: 'every transfer moves the accounts of its kind, and of one provider',
  sql: `select t.transfer_id
          from ledger_transfers t
          left join (values ${kinds}) said (kind, debit, credit) on said.kind = t.kind
         where said.kind is null
            or not ${isAccount('t.debit', 'said.debit')}
            or not ${isAccount('t.credit', 'said.credit')}
            or ${provider('t.debit', 'said.debit')} <> ${provider('t.credit', 'said.credit')}
         order by t.transfer_id`,
  audited: 'newest',
}

const orders: Check = {
  name: 'ledger-orders',
  sentence:
    'every transfer of an order, or of a group of orders, is of one that is there, and the first is named after it',
  sql: `select t.transfer_id
          from ledger_transfers t
         where t.order_uid is not null and not exists (select from ${orderUids} o where o.order_uid = t.order_uid)
            or t.orders is not null
               and not exists (select from ${orderUids} o
                                where o.order_uid = split_part(t.transfer_id, ':', 1)
                                  and t.transfer_id = o.order_uid || case t.kind when 'sale' then ':sales' else ':arrivals' end)
         order by t.transfer_id`,
  audited: 'newest',
}

const balance: Check = {
  name: 'ledger-balance',
  sentence: 'the books balance: what all accounts were debited and credited in a currency is the same',
  sql: `select seconds || ' seconds in ' || currency
          from ledger_sums
         group by seconds, currency
        having sum(debits) <> sum(credits)`,
}

const sums: Check = {
  name: 'ledger-sums',
  sentence: 'the sums of the ledger are those of its transfers, up to the one that they have come to',
  sql: `select account || ' in ' || currency || ', ' || seconds || ' seconds from ' || begins_at
          from (select seconds, date_bin(make_interval(secs => seconds), recorded_at, 'epoch') as begins_at, account, currency,
                       sum(debits) as debits, sum(credits) as credits
                  from ledger_transfers ${legs}
                 cross join (values (${minuteSeconds}), (${daySeconds})) span (seconds)
                 where (xid, position) <= ((select xid from ledger_checkpoint), (select position from ledger_checkpoint))
                 group by 1, 2, 3, 4) made
          full join ledger_sums kept using (seconds, begins_at, account, currency)
         where (made.debits, made.credits) is distinct from (kept.debits, kept.credits)
         union all
        select 'the sums have come to a place without a transfer'
          from ledger_checkpoint c
         where c.xid > '0' and not exists (select from ledger_transfers t where t.xid = c.xid and t.position = c.position)`,
}

/** For so long after the books began, instances of an older version may place orders that are not booked. */
const upgradeHours = 1

/** The log corrects the time of an event whose writer's clock is wrong by a day or more, see src/orders/order-checks.ts. */
const isCorrected = "bool_or(e.recorded_at <> date_trunc('milliseconds', e.recorded_at))"

/** Compares the groups at their own times, since the books began, and as far back as the log tells when orders were placed. */
const arrivals: Check = {
  name: 'ledger-arrivals',
  sentence: 'the orders that arrived paid are booked with their groups: their sales, and their captures by provider',
  sql: `select text
          from (select coalesce((select recorded_at from ledger_start), '-infinity') as begun_at) b
         cross join lateral (select greatest(b.begun_at, ${droppedBefore}) as since) s
         cross join lateral (
           with placed as (
             select e.recorded_at, o.provider, o.currency, count(*) as orders, sum(o.amount) as amount,
                    ${isCorrected} as is_corrected
               from ${eventsOf(orderStream.type, 'order_uid')} e join ${bookedOrders} o using (order_uid)
              where e.sequence = 1 and e.recorded_at >= s.since and o.arrived_paid and o.amount > 0
              group by 1, 2, 3
           ), expected as (
             select 'capture' as kind, recorded_at, provider, currency, orders, amount from placed
              union all
             select 'sale', recorded_at, '', currency, sum(orders), sum(amount) from placed group by 2, 4
           ), booked as (
             select kind, recorded_at, case kind when 'capture' then substr(debit, length('clearing:') + 1) else '' end as provider,
                    currency, sum(orders) as orders, sum(amount) as amount
               from ledger_transfers
              where orders is not null and recorded_at >= s.since
              group by 1, 2, 3, 4
           )
           select kind || ' of ' || currency || ' at ' || recorded_at as text
             from expected e full join booked k using (kind, recorded_at, provider, currency)
            where (e.orders, e.amount) is distinct from (k.orders, k.amount)
              and not (k.orders is null and recorded_at < b.begun_at + interval '${upgradeHours} hours')
              -- The books have the times of the clock that was wrong.
              and not coalesce((select bool_or(is_corrected) from placed), false)
         ) wrong`,
}

/** All checks of the ledger. */
export const ledgerChecks: readonly Check[] = [accounts, orders, balance, sums, arrivals]
