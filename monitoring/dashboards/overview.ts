import { chosen, type Dashboard, one } from './dashboard.ts'

export const overview: Dashboard = {
  uid: 'orders-overview',
  title: 'Orders: overview',
  description: 'Are orders arriving, are they rejected, how long do they take, is there a backlog.',
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Orders placed',
          description: 'New orders stored per second.',
          unit: 'ops',
          kind: 'stat',
          queries: one(
            `sum(rate(orders_received_total{${chosen}, outcome="placed"}[$__rate_interval])) or vector(0)`,
            '',
          ),
        },
        {
          title: 'Failed requests',
          description: 'Share of API responses with a 5xx, over five minutes. The monthly budget is 0.1 %.',
          unit: 'percentunit',
          kind: 'stat',
          limits: { warn: 0.001, bad: 0.0144 },
          queries: one('max(job:http_requests:error_ratio_rate5m{job="orders"}) or vector(0)', ''),
        },
        {
          title: 'Commit duration, p99',
          description: 'How long it takes until a group of orders is on the disk.',
          unit: 's',
          kind: 'stat',
          limits: { warn: 0.1, bad: 0.5 },
          without: 'no orders',
          queries: one(`max(job_instance:orders_group_commit_duration_seconds:p99_5m{${chosen}} >= 0)`, ''),
        },
        {
          title: 'Oldest unpublished event',
          description: 'Age of the oldest event that is not on Kafka yet.',
          unit: 's',
          kind: 'stat',
          limits: { warn: 5, bad: 60 },
          without: 'no Kafka',
          queries: one('max(relay_lag_seconds{job="orders"})', ''),
        },
        {
          title: 'Kafka backlog',
          description: 'Orders in the topic that are not consumed yet.',
          unit: 'short',
          kind: 'stat',
          without: 'no Kafka',
          queries: one('sum(kafka_consumer_lag{job="orders"})', ''),
        },
        {
          title: 'Dead letters',
          description: 'Messages that could not be processed and are still open.',
          unit: 'short',
          kind: 'stat',
          limits: { warn: 1, bad: 1000 },
          queries: one('max(sum by (instance) (dead_letters{job="orders", state="open"})) or vector(0)', ''),
        },
        {
          title: 'Instances',
          description: 'Instances that answer.',
          unit: 'short',
          kind: 'stat',
          limits: { warn: 1, bad: 0.5, below: true },
          queries: one('sum(up{job="orders"}) or vector(0)', ''),
        },
        {
          title: 'Alerts',
          description: 'Alerts that are firing.',
          unit: 'short',
          kind: 'stat',
          limits: { warn: 1, bad: 2 },
          queries: one('count(ALERTS{alertstate="firing"}) or vector(0)', ''),
        },
      ],
    },
    {
      title: 'Orders',
      panels: [
        {
          title: 'Orders received by source',
          description: 'Everything received as an order, whatever the outcome.',
          unit: 'ops',
          isStacked: true,
          queries: one(`sum by (source) (rate(orders_received_total{${chosen}}[$__rate_interval]))`, '{{source}}'),
        },
        {
          title: 'Orders received by outcome',
          description: 'placed: stored. duplicate: already stored. Anything else: the error code.',
          unit: 'ops',
          queries: one(`sum by (outcome) (rate(orders_received_total{${chosen}}[$__rate_interval]))`, '{{outcome}}'),
        },
        {
          title: 'Orders waiting to be written',
          description:
            'More than a few thousand for long: the database is too slow for what comes in, and callers get 503.',
          unit: 'short',
          queries: one(`sum by (instance) (orders_waiting{${chosen}})`, '{{instance}}'),
        },
      ],
    },
    {
      title: 'Requests',
      panels: [
        {
          title: 'Requests by route',
          description: 'Requests to the API, per second.',
          unit: 'reqps',
          queries: one(
            `sum by (method, route) (rate(http_requests_total{${chosen}, route=~"/api/.*"}[$__rate_interval]))`,
            '{{method}} {{route}}',
          ),
        },
        {
          title: 'Response time, p99',
          description: 'From the request to the head of its response.',
          unit: 's',
          limits: { warn: 0.25, bad: 1 },
          queries: one(
            `histogram_quantile(0.99, sum by (method, route, le) (rate(http_request_duration_seconds_bucket{${chosen}, route=~"/api/.*"}[$__rate_interval])))`,
            '{{method}} {{route}}',
          ),
        },
        {
          title: 'Failures by route',
          description: 'Responses with 5xx. 503: the database is down, or the service is overloaded. 500: a defect.',
          unit: 'reqps',
          queries: one(
            `sum by (route, status) (rate(http_requests_total{${chosen}, route=~"/api/.*", status=~"5.."}[$__rate_interval])) or vector(0)`,
            '{{status}} {{route}}',
          ),
        },
      ],
    },
  ],
}
