import { chosen, type Dashboard, one } from './dashboard.ts'

const without = 'no exporter'
const user = 'datname!~"template.*|"'

export const postgres: Dashboard = {
  uid: 'orders-postgres',
  title: 'Orders: PostgreSQL',
  description: 'Connections to the database, and the server as the postgres exporter sees it.',
  rows: [
    {
      title: 'As the service sees it',
      panels: [
        {
          title: 'Connections of the service',
          description:
            'waiting: requests that wait for a connection. More than one for long: raise DB_CONNECTIONS_MAX.',
          unit: 'short',
          queries: one(`sum by (state) (database_connections{${chosen}})`, '{{state}}'),
        },
        {
          title: 'Database reachable',
          description: '1: it answers within two seconds.',
          unit: 'bool_on_off',
          queries: one(`min by (instance) (dependency_up{${chosen}, dependency="database"})`, '{{instance}}'),
        },
        {
          title: 'Database size',
          description: 'Tables and indexes.',
          unit: 'bytes',
          queries: one('max(database_size_bytes{job="orders"})', 'size'),
        },
        {
          title: 'Free disk space',
          description: 'Of the file system of DATA_DIR.',
          unit: 'percentunit',
          limits: { warn: 0.2, bad: 0.1, below: true },
          queries: one(`min by (instance) (job_instance:disk_available:ratio{${chosen}})`, '{{instance}}'),
        },
      ],
    },
    {
      title: 'Work',
      panels: [
        {
          title: 'Transactions',
          description: 'Per second. Orders share transactions, so there are fewer transactions than orders.',
          unit: 'ops',
          without,
          queries: [
            { expr: `sum(rate(pg_stat_database_xact_commit{${user}}[$__rate_interval]))`, legend: 'committed' },
            { expr: `sum(rate(pg_stat_database_xact_rollback{${user}}[$__rate_interval]))`, legend: 'rolled back' },
          ],
        },
        {
          title: 'Rows',
          description: 'Per second.',
          unit: 'ops',
          without,
          queries: ['inserted', 'updated', 'deleted'].map(what => ({
            expr: `sum(rate(pg_stat_database_tup_${what}{${user}}[$__rate_interval]))`,
            legend: what,
          })),
        },
        {
          title: 'Buffer cache hit rate',
          description: 'Much below 99 % for long: shared_buffers is too small for what is read.',
          unit: 'percentunit',
          limits: { warn: 0.99, bad: 0.9, below: true },
          without,
          queries: one(
            `sum(rate(pg_stat_database_blks_hit{${user}}[$__rate_interval])) / (sum(rate(pg_stat_database_blks_hit{${user}}[$__rate_interval])) + sum(rate(pg_stat_database_blks_read{${user}}[$__rate_interval])))`,
            'found',
          ),
        },
      ],
    },
    {
      title: 'Problems',
      panels: [
        {
          title: 'Connections by state',
          description: 'Of all programs. A long “idle in transaction” is a program that forgot to commit.',
          unit: 'short',
          isStacked: true,
          without,
          queries: one(`sum by (state) (pg_stat_activity_count{${user}})`, '{{state}}'),
        },
        {
          title: 'Oldest transaction',
          description: 'An open transaction that writes holds back the readers of the event log.',
          unit: 's',
          limits: { warn: 60, bad: 300 },
          without,
          queries: one(`max by (state) (pg_stat_activity_max_tx_duration{${user}, state!="idle"})`, '{{state}}'),
        },
        {
          title: 'Deadlocks and conflicts',
          description: 'Per second; 0 is normal. The service retries each, so callers do not notice.',
          unit: 'ops',
          without,
          queries: [
            { expr: `sum(rate(pg_stat_database_deadlocks{${user}}[$__rate_interval]))`, legend: 'deadlocks' },
            { expr: `sum(rate(pg_stat_database_conflicts{${user}}[$__rate_interval]))`, legend: 'conflicts' },
          ],
        },
        {
          title: 'Locks by mode',
          description: 'A long AccessExclusiveLock is a migration or a VACUUM FULL that blocks everybody.',
          unit: 'short',
          without,
          queries: one(`sum by (mode) (pg_locks_count{${user}})`, '{{mode}}'),
        },
      ],
    },
  ],
}
