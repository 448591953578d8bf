import { erasedOrders } from '../orders/order-sql.ts'
import type { Check } from '../platform/integrity.ts'

/** What must hold of erasures. */
export const erasureChecks: readonly Check[] = [
  {
    name: 'customer-erasures',
    sentence: 'erasures have erased the orders that they count',
    sql: `select customer_id
            from (select customer_id, sum((counts ->> 'orders')::bigint) as counted
                    from (select coalesce(e.customer_id, o.customer_id, 'order ' || e.order_uid) as customer_id, e.counts
                            from customer_erasures e left join ${erasedOrders} o on o.order_uid = e.order_uid) each_one
                   group by customer_id) e
            full join (select customer_id, count(*) as erased from ${erasedOrders} o group by customer_id) o using (customer_id)
           where coalesce(e.counted, 0) <> coalesce(o.erased, 0)`,
  },
]
