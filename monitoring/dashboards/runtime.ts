import { chosen, type Dashboard, one } from './dashboard.ts'

export const runtime: Dashboard = {
  uid: 'orders-runtime',
  title: 'Orders: runtime',
  description:
    'The processes of the service: version, processor, memory, event loop; and whether the guarantees are checked.',
  rows: [
    {
      title: 'Instances',
      panels: [
        {
          title: 'Version',
          description: 'Number of instances by version.',
          unit: 'short',
          kind: 'stat',
          queries: one(`count by (version) (orders_build_info{${chosen}})`, '{{version}}'),
        },
        {
          title: 'Uptime',
          description: 'Uptime of the youngest selected instance.',
          unit: 's',
          kind: 'stat',
          queries: one(`time() - max(process_start_time_seconds{${chosen}})`, ''),
        },
        {
          title: 'Broken guarantees in 24 hours',
          description: 'Newest orders that were found to break a guarantee. Anything but 0 needs somebody now.',
          unit: 'short',
          kind: 'stat',
          limits: { warn: 0.5, bad: 1 },
          queries: one(`sum(increase(invariant_violations_total{${chosen}}[24h]))`, ''),
        },
        {
          title: 'Time since the last check',
          description: 'Since the guarantees of the newest orders were checked, on the instance where it is longest.',
          unit: 's',
          kind: 'stat',
          limits: { warn: 180, bad: 600 },
          queries: one(`time() - min(invariants_checked_timestamp_seconds{${chosen}})`, ''),
        },
      ],
    },
    {
      title: 'Processor and memory',
      panels: [
        {
          title: 'Processor',
          description: 'Cores in use. One thread does the work, so 1 is nearly full.',
          unit: 'short',
          limits: { warn: 0.8, bad: 1 },
          queries: one(
            `sum by (instance) (rate(process_cpu_seconds_total{${chosen}}[$__rate_interval]))`,
            '{{instance}}',
          ),
        },
        {
          title: 'Memory',
          description: 'Of the service, without its own PostgreSQL. Below 350 MiB under full load.',
          unit: 'bytes',
          limits: { warn: 367_001_600, bad: 536_870_912 },
          queries: one(`sum by (instance) (process_resident_memory_bytes{${chosen}})`, '{{instance}}'),
        },
        {
          title: 'Held for callers',
          description:
            'Bodies that are not complete, answers that nobody takes and open streams, against the most that they may take together. Full: some are refused with 503.',
          unit: 'percentunit',
          limits: { warn: 0.8, bad: 1 },
          queries: one(
            `sum by (instance) (memory_budget_used_bytes{${chosen}}) / sum by (instance) (memory_budget_limit_bytes{${chosen}})`,
            '{{instance}}',
          ),
        },
        {
          title: 'Open files and connections',
          description: 'And the limit.',
          unit: 'percentunit',
          limits: { warn: 0.7, bad: 0.9 },
          queries: one(
            `sum by (instance) (process_open_fds{${chosen}}) / sum by (instance) (process_max_fds{${chosen}})`,
            '{{instance}}',
          ),
        },
      ],
    },
    {
      title: 'Event loop',
      panels: [
        {
          title: 'Event loop delay',
          description: 'How long work waits for the thread.',
          unit: 's',
          limits: { warn: 0.1, bad: 0.25 },
          queries: ['p50', 'p99', 'max'].map(name => ({
            expr: `max by (instance) (nodejs_eventloop_lag_${name}_seconds{${chosen}})`,
            legend: `{{instance}} ${name}`,
          })),
        },
        {
          title: 'Scrape duration',
          description: 'How long it takes to collect the metrics.',
          unit: 's',
          limits: { warn: 0.5, bad: 3 },
          queries: one(`max by (instance) (scrape_duration_seconds{${chosen}})`, '{{instance}}'),
        },
      ],
    },
  ],
}
