import type { Module } from '../module.ts'

/** Items, and the stock of them at locations. */
export const inventoryModule: Module = {
  name: 'inventory',
  title: 'Inventory',
  buildsOn: ['events', 'orders'],
  tables: [
    { name: 'items', order: 'chrt_id' },
    { name: 'locations', order: 'location' },
    { name: 'stock', order: 'chrt_id, location' },
    { name: 'stock_movements', order: 'chrt_id, movement_id' },
    { name: 'stock_counts', order: 'chrt_id, count_id' },
    { name: 'stock_reservations', order: 'order_uid, chrt_id, location' },
    { name: 'stock_shortfalls', order: 'order_uid, chrt_id' },
    { name: 'item_streams', order: 'chrt_id' },
    { name: 'stock_due', order: 'chrt_id' },
  ],
}
