import { orderUids } from '../orders/order-sql.ts'
import type { Check } from '../platform/integrity.ts'

/** What must hold of discount codes, delivery methods and tax rates. Each selects what breaks it. */

/** Whether JSON is an object of amounts by currency. */
const areAmounts = (json: string, least: number) =>
  `(json_typeof(${json}) = 'object' and not exists (
      select from json_each_text(case json_typeof(${json}) when 'object' then ${json} else '{}' end) each (currency, amount)
       where currency !~ '^[A-Z]{3}$' or amount !~ '^(0|[1-9][0-9]{0,15})$' or amount = any('{${least === 0 ? '' : '0'}}')))`

export const priceChecks: readonly Check[] = [
  {
    name: 'discount-uses',
    sentence: 'a code counts the orders that use it, in all and by customer; each of them exists',
    sql: `select coalesce(d.code_key, u.code_key)
            from discounts d
            full join (select code_key, count(*) as uses from discount_uses group by code_key) u using (code_key)
           where d.code_key is null or d.uses <> coalesce(u.uses, 0)
           union all
          select coalesce(c.code_key, u.code_key)
            from discount_customers c
            full join (select code_key, customer, count(*) as uses from discount_uses group by code_key, customer) u
           using (code_key, customer)
           where coalesce(c.uses, 0) <> coalesce(u.uses, 0)
           union all
          select order_uid from discount_uses left join ${orderUids} o using (order_uid) where o.order_uid is null`,
  },
  {
    name: 'discount-form',
    sentence: 'a code is found by its lower case, and its amounts are amounts by currency',
    sql: `select code_key
            from discounts
           where code_key <> lower(code) or updated_at < created_at
              or not ${areAmounts("coalesce(amounts, '{}')", 1)} or not ${areAmounts("coalesce(minimums, '{}')", 0)}`,
  },
  {
    name: 'delivery-method-form',
    sentence: 'what delivery costs, and from when it is free, are amounts by currency; countries are codes',
    sql: `select method
            from delivery_methods
           where not ${areAmounts('prices', 0)} or not ${areAmounts("coalesce(free_from, '{}')", 0)}
              or exists (select from unnest(countries) country where country !~ '^[A-Z]{2}$')`,
  },
]
