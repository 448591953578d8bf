import { chosen, type Dashboard, one } from './dashboard.ts'

export const inventory: Dashboard = {
  uid: 'orders-inventory',
  title: 'Orders: stock',
  description: 'Orders that there was too little stock for, those that wait for more, and what waits for the workers.',
  rows: [
    {
      title: 'What waits',
      panels: [
        {
          title: 'Orders that wait for stock',
          description: 'Paid and on hold. They get their items when enough of them arrive, oldest first.',
          unit: 'short',
          kind: 'stat',
          limits: { warn: 1, bad: 100 },
          queries: one('max(stock_waiting_orders{job="orders"})', 'orders'),
        },
        {
          title: 'Longest wait',
          description: 'An alert fires after a day.',
          unit: 's',
          kind: 'stat',
          limits: { warn: 3_600, bad: 86_400 },
          queries: one('max(stock_waiting_age_seconds{job="orders"})', 'wait'),
        },
        {
          title: 'Reservations overdue',
          description:
            'How long the reservation that is longest due to expire is due already. An alert fires at two minutes.',
          unit: 's',
          kind: 'stat',
          limits: { warn: 30, bad: 120 },
          queries: one('max(stock_reservations_overdue_seconds{job="orders"})', 'overdue'),
        },
      ],
    },
    {
      title: 'Stock',
      panels: [
        {
          title: 'Units',
          description: 'Of all tracked items together. What is reserved has not left yet.',
          unit: 'short',
          queries: [
            { expr: 'max(stock_units{job="orders", number="on_hand"})', legend: 'on hand' },
            { expr: 'max(stock_units{job="orders", number="reserved"})', legend: 'reserved' },
            { expr: 'max(stock_units{job="orders", number="unavailable"})', legend: 'unavailable' },
          ],
        },
      ],
    },
    {
      title: 'Too little stock',
      panels: [
        {
          title: 'Orders refused',
          description: 'Unpaid orders that were answered with OUT_OF_STOCK, per second.',
          unit: 'ops',
          queries: one(
            `sum(rate(stock_short_orders_total{${chosen}, outcome="refused"}[$__rate_interval])) or vector(0)`,
            'refused',
          ),
        },
        {
          title: 'Paid orders put on hold',
          description: 'Per second. The shop that sold them believed that the items were there.',
          unit: 'ops',
          queries: one(
            `sum(rate(stock_short_orders_total{${chosen}, outcome="held"}[$__rate_interval])) or vector(0)`,
            'on hold',
          ),
        },
      ],
    },
  ],
}
