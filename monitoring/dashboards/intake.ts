import { chosen, type Dashboard, one } from './dashboard.ts'

const commit = 'orders_group_commit_duration_seconds_bucket'
const hits = `sum by (instance) (rate(orders_cache_hits_total{${chosen}}[$__rate_interval]))`
const misses = `sum by (instance) (rate(orders_cache_misses_total{${chosen}}[$__rate_interval]))`

export const intake: Dashboard = {
  uid: 'orders-intake',
  title: 'Orders: intake',
  description: 'How orders are stored (queue, groups, commits), and the cache that serves reads.',
  rows: [
    {
      title: 'Writing',
      panels: [
        {
          title: 'Placed by source',
          description: 'New orders stored per second.',
          unit: 'ops',
          isStacked: true,
          queries: one(
            `sum by (source) (rate(orders_received_total{${chosen}, outcome="placed"}[$__rate_interval]))`,
            '{{source}}',
          ),
        },
        {
          title: 'Not placed by outcome',
          description: 'Duplicates are harmless. Rejections are mistakes of the senders, who get the reason.',
          unit: 'ops',
          queries: one(
            `sum by (source, outcome) (rate(orders_received_total{${chosen}, outcome!="placed"}[$__rate_interval])) or vector(0)`,
            '{{source}} {{outcome}}',
          ),
        },
        {
          title: 'Orders waiting to be written',
          description: 'Including those that are being written.',
          unit: 'short',
          queries: one(`sum by (instance) (orders_waiting{${chosen}})`, '{{instance}}'),
        },
      ],
    },
    {
      title: 'Groups',
      panels: [
        {
          title: 'Commit duration',
          description: 'Time to write a group, with its commit and its retries. Every order in it waits that long.',
          unit: 's',
          limits: { warn: 0.1, bad: 0.5 },
          queries: ['0.5', '0.95', '0.99'].map(share => ({
            expr: `histogram_quantile(${share}, sum by (le) (rate(${commit}{${chosen}}[$__rate_interval])))`,
            legend: `p${Number(share) * 100}`,
          })),
        },
        {
          title: 'Orders per group',
          description: 'Large groups keep a busy service fast: one commit for many orders.',
          unit: 'short',
          queries: one(
            `sum by (instance) (rate(orders_group_size_sum{${chosen}}[$__rate_interval])) / sum by (instance) (rate(orders_group_size_count{${chosen}}[$__rate_interval]))`,
            '{{instance}}',
          ),
        },
        {
          title: 'Groups',
          description: 'Transactions that wrote orders, per second.',
          unit: 'ops',
          queries: one(
            `sum by (instance) (rate(orders_group_size_count{${chosen}}[$__rate_interval]))`,
            '{{instance}}',
          ),
        },
      ],
    },
    {
      title: 'Reading',
      panels: [
        {
          title: 'Reads served from the cache',
          description: 'Below 80 % for long: the orders that are read do not fit in CACHE_MAX_BYTES.',
          unit: 'percentunit',
          limits: { warn: 0.95, bad: 0.8, below: true },
          queries: one(`${hits} / (${hits} + ${misses})`, '{{instance}}'),
        },
        {
          title: 'Reads of single orders',
          description: 'Per second, by where they were found.',
          unit: 'ops',
          isStacked: true,
          queries: [
            { expr: `sum(${hits})`, legend: 'cache' },
            { expr: `sum(${misses})`, legend: 'database' },
          ],
        },
        {
          title: 'Cache size',
          description: 'In bytes; never more than CACHE_MAX_BYTES.',
          unit: 'bytes',
          queries: one(`sum by (instance) (orders_cache_bytes{${chosen}})`, '{{instance}}'),
        },
        {
          title: 'Cached orders',
          description: 'Number of orders in the cache.',
          unit: 'short',
          queries: one(`sum by (instance) (orders_cache_orders{${chosen}})`, '{{instance}}'),
        },
      ],
    },
  ],
}
