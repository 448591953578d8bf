import { chosen, type Dashboard, one } from './dashboard.ts'

const refused = 'outcome=~"WEBHOOK_SIGNATURE_INVALID|TRACKING_INVALID"'
const noShipments = 'no shipments yet'

/** The median and the 95th percentile of a histogram. */
function percentiles(histogram: string) {
  return [0.5, 0.95].map(share => ({
    expr: `histogram_quantile(${share}, sum by (le) (rate(${histogram}_bucket{${chosen}}[1h])))`,
    legend: share === 0.5 ? 'half within' : '95 % within',
  }))
}

export const deliveries: Dashboard = {
  uid: 'orders-deliveries',
  title: 'Orders: deliveries',
  description:
    'Shipments, what carriers report of their parcels, and what comes back: where it is, and what needs somebody.',
  rows: [
    {
      title: 'What needs somebody',
      panels: [
        {
          title: 'Late shipments',
          description:
            'They have not arrived by the time that was promised. An alert fires when they are 20 more in an hour.',
          unit: 'short',
          kind: 'stat',
          limits: { warn: 1, bad: 100 },
          queries: one('max(shipments_late{job="orders"})', 'shipments'),
        },
        {
          title: 'Silent shipments',
          description: 'Their carrier has said nothing for TRACKING_SILENT_DAYS. Ask it.',
          unit: 'short',
          kind: 'stat',
          limits: { warn: 1, bad: 50 },
          queries: one('max(shipments_silent{job="orders"})', 'shipments'),
        },
        {
          title: 'Oldest return to decide on',
          description:
            'Requested, and neither approved nor rejected; or received, and not refunded. An alert fires after three days.',
          unit: 's',
          kind: 'stat',
          limits: { warn: 86_400, bad: 259_200 },
          queries: one('max(returns_open_age_seconds{job="orders", state=~"requested|received"})', 'age'),
        },
        {
          title: 'Failed refunds of returns',
          description: 'A provider has refused them. They can be asked for again.',
          unit: 'short',
          kind: 'stat',
          limits: { warn: 1, bad: 10 },
          queries: one('max(return_refunds_failed{job="orders"})', 'returns'),
        },
        {
          title: 'Reports waiting in Kafka',
          description: 'Messages of KAFKA_TRACKING_TOPIC that are not stored yet.',
          unit: 'short',
          kind: 'stat',
          limits: { warn: 10_000, bad: 1_000_000 },
          without: 'no Kafka',
          queries: one('sum(tracking_consumer_lag{job="orders"})', 'messages'),
        },
      ],
    },
    {
      title: 'Shipments',
      panels: [
        {
          title: 'On their way',
          description: 'Shipments that have not arrived, by state.',
          unit: 'short',
          isStacked: true,
          queries: one('max by (state) (shipments_open{job="orders"})', '{{state}}'),
        },
        {
          title: 'Changes',
          description: 'Shipments created, packed, shipped, delivered and so on, per second.',
          unit: 'ops',
          queries: one(
            `sum by (kind) (rate(shipment_changes_total{${chosen}, kind!="updated"}[$__rate_interval]))`,
            '{{kind}}',
          ),
        },
        {
          title: 'From order to departure',
          description: 'The time from the date of an order until a shipment of it has left, in the last hour.',
          unit: 's',
          without: noShipments,
          queries: percentiles('shipment_placed_to_shipped_seconds'),
        },
        {
          title: 'From departure to arrival',
          description: 'The time that shipments took that arrived in the last hour.',
          unit: 's',
          without: noShipments,
          queries: percentiles('shipment_shipped_to_delivered_seconds'),
        },
      ],
    },
    {
      title: 'Parcels and carriers',
      panels: [
        {
          title: 'Parcels by status',
          description: 'Parcels that news are awaited of, by what their carrier last said.',
          unit: 'short',
          isStacked: true,
          queries: one('max by (status) (parcels{job="orders"})', '{{status}}'),
        },
        {
          title: 'Reports accepted',
          description: 'Per second, by carrier (or kafka). Repeated: nothing in them was new, which is usual.',
          unit: 'ops',
          queries: one(
            `sum by (source, outcome) (rate(tracking_reports_total{${chosen}, outcome=~"new|repeated"}[$__rate_interval]))`,
            '{{source}} {{outcome}}',
          ),
        },
        {
          title: 'Reports refused',
          description: 'Per second, by carrier: with a wrong signature, or in a form that cannot be read.',
          unit: 'ops',
          queries: one(
            `sum by (source, outcome) (rate(tracking_reports_total{${chosen}, ${refused}}[$__rate_interval]))`,
            '{{source}} {{outcome}}',
          ),
        },
        {
          title: 'Unknown codes',
          description: 'In an hour, by carrier. Such checkpoints are kept, and move no parcel.',
          unit: 'short',
          queries: one(`sum by (carrier) (increase(tracking_unknown_codes_total{${chosen}}[1h]))`, '{{carrier}}'),
        },
        {
          title: 'Numbers that no shipment has',
          description: 'Parcels that were reported, and wait for a shipment to get their number.',
          unit: 'short',
          queries: one('max(parcels_unattached{job="orders"})', 'parcels'),
        },
      ],
    },
    {
      title: 'Returns',
      panels: [
        {
          title: 'Open returns',
          description:
            'By state: requested ones wait for a decision, approved ones for their parcel, received ones for their refund.',
          unit: 'short',
          isStacked: true,
          queries: one('max by (state) (returns_open{job="orders"})', '{{state}}'),
        },
        {
          title: 'Age of the oldest',
          description: 'Since it was requested, by state.',
          unit: 's',
          queries: one('max by (state) (returns_open_age_seconds{job="orders"})', '{{state}}'),
        },
        {
          title: 'Units that came back',
          description: 'Per second, by condition.',
          unit: 'ops',
          queries: one(
            `sum by (condition) (rate(return_units_received_total{${chosen}}[$__rate_interval]))`,
            '{{condition}}',
          ),
        },
        {
          title: 'Refunds overdue',
          description: 'How long the refund that waits longest for the worker is due. An alert fires at two minutes.',
          unit: 's',
          limits: { warn: 30, bad: 120 },
          queries: one('max(return_refunds_overdue_seconds{job="orders"})', 'overdue'),
        },
      ],
    },
  ],
}
