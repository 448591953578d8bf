/** SQL that other modules put into their own statements, so that the ledger's table is named in its module only. */

/** What was booked of payments, with the operations that it is of. */
export const paymentTransfers = `(select order_uid, payment_id, operation_id, kind, amount
                                    from ledger_transfers
                                   where payment_id is not null)`

/** The orders of which a sale was booked by itself. */
export const soldOrders = `(select distinct order_uid from ledger_transfers where kind = 'sale' and order_uid is not null)`

/** What is booked of single orders to be owed: those that groups of orders bring are settled by their captures. */
export const receivables = `(select order_uid, sum(case debit when 'receivable' then amount else -amount end) as owed
                               from ledger_transfers
                              where order_uid is not null and 'receivable' in (debit, credit)
                              group by order_uid)`

/** Every transfer with what it moves, by its id. */
export const bookedTransfers = '(select transfer_id, kind, currency, amount from ledger_transfers)'

/** How long the table of transfers is. */
export const transferBytes = "pg_relation_size('ledger_transfers')"

/** Transfers in a part of their table. @param from the first place, such as (0,0); @param to the place behind the last one */
export const transfersOfBlocks = (from: string, to: string) =>
  `(select transfer_id, kind, currency, amount from ledger_transfers where ctid >= ${from}::tid and ctid < ${to}::tid)`
