import { chosen, type Dashboard, one } from './dashboard.ts'

export const carts: Dashboard = {
  uid: 'orders-carts',
  title: 'Orders: carts',
  description: 'Carts that are open, what becomes of their checkouts, and what waits for the worker.',
  rows: [
    {
      title: 'Carts',
      panels: [
        {
          title: 'Open carts',
          description: 'They can be changed. Counted to 50,000.',
          unit: 'short',
          kind: 'stat',
          queries: one('max(carts_open{job="orders"})', 'open'),
        },
        {
          title: 'Carts that wait for a payment',
          description: 'They became orders that are neither paid nor over. Counted to 50,000.',
          unit: 'short',
          kind: 'stat',
          queries: one('max(carts_checking_out{job="orders"})', 'checking out'),
        },
        {
          title: 'Worker behind',
          description:
            'How long the cart that is longest due, to expire for example, is due. An alert fires at 5 minutes.',
          unit: 's',
          kind: 'stat',
          limits: { warn: 60, bad: 300 },
          queries: one('max(carts_overdue_seconds{job="orders"})', 'overdue'),
        },
      ],
    },
    {
      title: 'Checkouts',
      panels: [
        {
          title: 'Checkouts by outcome',
          description: 'Per second: placed, repeated, or the code that they were refused with.',
          unit: 'ops',
          queries: one(`sum by (outcome) (rate(cart_checkouts_total{${chosen}}[$__rate_interval]))`, '{{outcome}}'),
        },
        {
          title: 'Carts that nobody finished',
          description: 'Per second: abandoned, expired, or checked out by the worker because the request was cut off.',
          unit: 'ops',
          queries: one(`sum by (outcome) (rate(carts_swept_total{${chosen}}[$__rate_interval]))`, '{{outcome}}'),
        },
      ],
    },
  ],
}
