import { chosen, type Dashboard, one } from './dashboard.ts'

const calls = 'payment_provider_call_duration_seconds'
const noPayments = 'no payments yet'

export const payments: Dashboard = {
  uid: 'orders-payments',
  title: 'Orders: payments',
  description: 'What is asked of payment providers, what comes of it, and what waits for them or for a person.',
  rows: [
    {
      title: 'What waits',
      panels: [
        {
          title: 'Open payment issues',
          description: 'Work that is left for people, by kind.',
          unit: 'short',
          kind: 'stat',
          limits: { warn: 1, bad: 20 },
          queries: one('sum(max by (kind) (payment_issues_open{job="orders"}))', 'issues'),
        },
        {
          title: 'Operations with an unknown outcome',
          description: 'The provider has not answered. They are found out by themselves.',
          unit: 'short',
          kind: 'stat',
          limits: { warn: 1, bad: 100 },
          queries: one('max(payment_operations_unknown{job="orders"})', 'operations'),
        },
        {
          title: 'Oldest unknown outcome',
          description: 'Since its first call. An alert fires at 15 minutes.',
          unit: 's',
          kind: 'stat',
          limits: { warn: 60, bad: 900 },
          queries: one('max(payment_operations_unknown_age_seconds{job="orders"})', 'age'),
        },
        {
          title: 'Settlement behind',
          description: 'How long the operation and the event that wait longest for a worker are overdue.',
          unit: 's',
          kind: 'stat',
          limits: { warn: 10, bad: 120 },
          queries: [
            { expr: 'max(payment_operations_overdue_seconds{job="orders"})', legend: 'operations' },
            { expr: 'max(payment_provider_events_overdue_seconds{job="orders"})', legend: 'events' },
          ],
        },
      ],
    },
    {
      title: 'Operations',
      panels: [
        {
          title: 'Succeeded',
          description: 'Authorized, captured, voided and refunded per second.',
          unit: 'ops',
          isStacked: true,
          without: noPayments,
          queries: one(
            `sum by (kind) (rate(payment_operations_total{${chosen}, outcome="succeeded"}[$__rate_interval]))`,
            '{{kind}}',
          ),
        },
        {
          title: 'Failed or unknown',
          description: 'Declined cards are a part of every day. Unknown: the provider has not answered.',
          unit: 'ops',
          queries: one(
            `sum by (kind, outcome) (rate(payment_operations_total{${chosen}, outcome!="succeeded"}[$__rate_interval])) or vector(0)`,
            '{{kind}} {{outcome}}',
          ),
        },
        {
          title: 'Open issues by kind',
          description: 'Each kind has its section in docs/payments.md.',
          unit: 'short',
          queries: one('max by (kind) (payment_issues_open{job="orders"})', '{{kind}}'),
        },
      ],
    },
    {
      title: 'Providers',
      panels: [
        {
          title: 'Time for an answer',
          description: 'The 95th percentile, by provider and call. After 15 seconds the outcome is unknown.',
          unit: 's',
          limits: { warn: 2, bad: 10 },
          without: noPayments,
          queries: one(
            `histogram_quantile(0.95, sum by (provider, call, le) (rate(${calls}_bucket{${chosen}}[$__rate_interval])))`,
            '{{provider}} {{call}}',
          ),
        },
        {
          title: 'Calls by outcome',
          description: 'Per second. Reported and refused are answers; unknown and not_sent are not.',
          unit: 'ops',
          without: noPayments,
          queries: one(
            `sum by (provider, outcome) (rate(${calls}_count{${chosen}}[$__rate_interval]))`,
            '{{provider}} {{outcome}}',
          ),
        },
        {
          title: 'Webhook events by outcome',
          description:
            'Per second. Refused: the signature or its time is wrong. Unmatched: of a payment that is not here.',
          unit: 'ops',
          queries: one(
            `sum by (provider, outcome) (rate(payment_provider_events_total{${chosen}}[$__rate_interval])) or vector(0)`,
            '{{provider}} {{outcome}}',
          ),
        },
      ],
    },
  ],
}
