/** SQL of what is stored of the parcels of the orders `$1`: they are keyed by their numbers, not by orders. */
export function ownRows(table: 'parcels' | 'parcel_checkpoints'): string {
  return `select distinct s.order_uid, p.*
            from parcel_shipments s
            join ${table} p using (number, carrier)
           where s.order_uid = any($1)`
}
