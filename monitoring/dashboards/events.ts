import { chosen, type Dashboard, one } from './dashboard.ts'

const noKafka = 'no Kafka'

export const events: Dashboard = {
  uid: 'orders-events',
  title: 'Orders: event log and Kafka',
  description: 'What is consumed from Kafka, what is published to it, and dead letters.',
  rows: [
    {
      title: 'Published',
      panels: [
        {
          title: 'Oldest unpublished event',
          description: 'Its age. It grows while Kafka is down, and returns to zero by itself.',
          unit: 's',
          limits: { warn: 5, bad: 60 },
          without: noKafka,
          queries: one('max(relay_lag_seconds{job="orders"})', 'age'),
        },
        {
          title: 'Events published',
          description: 'Per second. One instance publishes at a time.',
          unit: 'ops',
          without: noKafka,
          queries: one(`sum by (instance) (rate(relay_published_total{${chosen}}[$__rate_interval]))`, '{{instance}}'),
        },
        {
          title: 'Events held back from readers',
          description: 'Age of the oldest, and the open transaction that holds it back.',
          unit: 's',
          limits: { warn: 5, bad: 30 },
          queries: [
            { expr: 'max(event_log_held_seconds{job="orders"})', legend: 'oldest event' },
            {
              expr: 'max by (pid, database, application) (event_log_horizon_age_seconds{job="orders"})',
              legend: '{{application}} in {{database}}, process {{pid}}',
            },
          ],
        },
        {
          title: 'Kafka as the service sees it',
          description: '1: the consumer has a session.',
          unit: 'bool_on_off',
          without: noKafka,
          queries: one(`min by (instance) (dependency_up{${chosen}, dependency="kafka"})`, '{{instance}}'),
        },
      ],
    },
    {
      title: 'Consumed',
      panels: [
        {
          title: 'Orders from Kafka',
          description: 'Messages consumed per second, by outcome.',
          unit: 'ops',
          without: noKafka,
          queries: one(
            `sum by (outcome) (rate(orders_received_total{${chosen}, source="kafka"}[$__rate_interval]))`,
            '{{outcome}}',
          ),
        },
        {
          title: 'Consumer lag by partition',
          description:
            'Messages that are not committed. One partition alone: one sender sends everything under one key.',
          unit: 'short',
          isStacked: true,
          without: noKafka,
          queries: one(`sum by (partition) (kafka_consumer_lag{${chosen}})`, 'partition {{partition}}'),
        },
        {
          title: 'Open dead letters by code',
          description: 'Dead letters that nobody has replayed or discarded.',
          unit: 'short',
          isStacked: true,
          without: 'none',
          queries: one('max by (code) (dead_letters{job="orders", state="open"})', '{{code}}'),
        },
      ],
    },
    {
      title: 'Webhooks',
      panels: [
        {
          title: 'Oldest undelivered event',
          description: 'Its age, over all subscriptions that are not disabled.',
          unit: 's',
          limits: { warn: 60, bad: 600 },
          queries: one('max(webhook_lag_seconds{job="orders"})', 'age'),
        },
        {
          title: 'Delivery attempts',
          description: 'Per second, by outcome. failed: it is retried; given_up: three days have passed.',
          unit: 'ops',
          queries: one(
            `sum by (outcome) (rate(webhook_deliveries_total{${chosen}}[$__rate_interval])) or vector(0)`,
            '{{outcome}}',
          ),
        },
        {
          title: 'Subscriptions',
          description: 'By status. failing: the receiver rejects deliveries or does not answer.',
          unit: 'short',
          isStacked: true,
          queries: one('max by (status) (webhooks{job="orders"})', '{{status}}'),
        },
      ],
    },
    {
      title: 'Brokers as the Kafka exporter sees them',
      panels: [
        {
          title: 'Messages by topic',
          description: 'Per second.',
          unit: 'ops',
          without: noKafka,
          queries: one(
            'sum by (topic) (rate(kafka_topic_partition_current_offset{topic!~"__.*"}[$__rate_interval]))',
            '{{topic}}',
          ),
        },
        {
          title: 'Consumer lag by group',
          description: 'Also while no instance of the service is running.',
          unit: 'short',
          without: noKafka,
          queries: one('sum by (consumergroup, topic) (kafka_consumergroup_lag)', '{{consumergroup}} {{topic}}'),
        },
        {
          title: 'Members of consumer groups',
          description: 'Each instance is a member of two groups.',
          unit: 'short',
          without: noKafka,
          queries: one('sum by (consumergroup) (kafka_consumergroup_members)', '{{consumergroup}}'),
        },
        {
          title: 'Brokers and under-replicated partitions',
          description: 'Under-replicated partitions should be 0.',
          unit: 'short',
          without: noKafka,
          queries: [
            { expr: 'max(kafka_brokers)', legend: 'brokers' },
            { expr: 'sum(kafka_topic_partition_under_replicated_partition)', legend: 'under-replicated' },
          ],
        },
      ],
    },
  ],
}
