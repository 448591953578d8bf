import type { Module } from '../module.ts'

/** Payments of orders: asked of providers, booked in the ledger, and derived from there onto the order. */
export const paymentsModule: Module = {
  name: 'payments',
  title: 'Payments',
  buildsOn: ['events', 'orders', 'ledger'],
  tables: [
    { name: 'payments', order: 'order_uid, payment_id' },
    { name: 'payment_totals', order: 'order_uid' },
    { name: 'payment_operations', order: 'order_uid, payment_id, operation_id' },
    { name: 'payment_disputes', order: 'order_uid, payment_id, dispute_ref' },
    { name: 'provider_events', order: 'provider, event_id' },
    { name: 'payment_issues', order: 'issue_id' },
    { name: 'sandbox_payments', order: 'payment_ref' },
    { name: 'sandbox_events', order: 'event_id' },
  ],
  scopes: ['payments:write'],
}
