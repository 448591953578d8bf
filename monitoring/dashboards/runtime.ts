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
          description: 'How many instances run which.',
          unit: 'short',
          kind: 'stat',
          queries: one(`count by (version) (orders_build_info{${chosen}})`, '{{version}}'),
        },
        {
          title: 'Up since',
          description: 'How long the youngest of the chosen instances has run.',
          unit: 's',
          kind: 'stat',
          queries: one(`time() - max(process_start_time_seconds{${chosen}})`, ''),
        },
        {
          title: 'Broken guarantees, 24 hours',
          description: 'Orders among the newest that were found to break one. Anything but 0 needs somebody now.',
          unit: 'short',
          kind: 'stat',
          limits: { warn: 0.5, bad: 1 },
          queries: one(`sum(increase(invariant_violations_total{${chosen}}[24h]))`, ''),
        },
        {
          title: 'Guarantees checked',
          description: 'How long ago the newest orders were checked, on the instance where it is longest.',
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
          description: 'Cores in use. The work is done by one thread, so 1 is nearly full.',
          unit: 'short',
          limits: { warn: 0.8, bad: 1 },
          queries: one(
            `sum by (instance) (rate(process_cpu_seconds_total{${chosen}}[$__rate_interval]))`,
            '{{instance}}',
          ),
        },
        {
          title: 'Memory',
          description: 'Of the service itself, without a PostgreSQL of its own. Below 350 MiB under full load.',
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
          description: 'Against how many there may be.',
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
          title: 'Delay of the event loop',
          description: 'How long work waits for the one thread.',
          unit: 's',
          limits: { warn: 0.1, bad: 0.25 },
          queries: ['p50', 'p99', 'max'].map(name => ({
            expr: `max by (instance) (nodejs_eventloop_lag_${name}_seconds{${chosen}})`,
            legend: `{{instance}} ${name}`,
          })),
        },
        {
          title: 'Time of a scrape',
          description: 'The metrics themselves must cost little.',
          unit: 's',
          limits: { warn: 0.5, bad: 3 },
          queries: one(`max by (instance) (scrape_duration_seconds{${chosen}})`, '{{instance}}'),
        },
      ],
    },
  ],
}
