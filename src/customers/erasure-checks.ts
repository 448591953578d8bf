import { erasedOrders } from '../orders/order-sql.ts'
import type { Check } from '../platform/integrity.ts'

/** What must hold of erasures. */
export const erasureChecks: readonly Check[] = [
  {
    name: 'customer-erasures',
    sentence: 'erasures have erased the orders that they count',
    sql: `select customer_id
            from (select customer_id, sum((counts ->> 'orders')::bigint) as counted from customer_erasures group by customer_id) e
            full join (select customer_id, count(*) as erased from ${erasedOrders} o group by customer_id) o using (customer_id)
           where coalesce(e.counted, 0) <> coalesce(o.erased, 0)`,
  },
]
