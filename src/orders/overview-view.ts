import { type Static, Type } from 'typebox'
import { listOf, nullable, time } from '../platform/view.ts'
import { type OrderStatus, orderStatuses } from './order.ts'
import { stateSchemas } from './state-schemas.ts'

/** The business at a glance, as `GET /api/overview` answers. */

/** Orders in the list of the latest. */
export const latestCount = 20

const count = Type.Integer({ minimum: 0 })

const series = Type.Object(
  {
    from: time(),
    seconds: Type.Integer({ description: 'The length of a part' }),
    orders: listOf(Type.Integer()),
  },
  {
    title: 'OrderSeries',
    description: 'Orders that came in, in equal parts of time, oldest first; the last part is not over yet',
  },
)

const currencySum = Type.Object(
  {
    currency: Type.String(),
    orders: count,
    amount: Type.String({
      pattern: '^[0-9]+$',
      description: "In the currency's minor unit; as text, since a sum may exceed 2^53",
    }),
  },
  { title: 'CurrencySum', description: 'Orders of one currency' },
)

const today = Type.Object(
  { from: time({ description: 'When today began' }), orders: count, sums: listOf(currencySum) },
  { title: 'OrdersToday', description: 'Orders that came in since midnight' },
)

const latestOrder = Type.Object(
  {
    order_uid: Type.String(),
    placed_at: time({ description: 'When it came in' }),
    customer_id: Type.String(),
    currency: Type.String(),
    amount: Type.Integer({ description: "In the currency's minor unit" }),
    status: stateSchemas.status,
  },
  { title: 'LatestOrder', description: 'An order, as far as a list shows it' },
)

const countsByStatus = Object.fromEntries(orderStatuses.map(status => [status, count])) as Record<
  OrderStatus,
  typeof count
>

const lags = Type.Object(
  {
    relay_seconds: nullable(Type.Number({ minimum: 0 }), {
      description: 'Age of the oldest event that Kafka does not have yet; null without Kafka',
    }),
    consumer_messages: nullable(count, {
      description: 'Messages from Kafka that this instance has not read yet; null without Kafka',
    }),
  },
  { title: 'OverviewLags', description: 'How far the way out to Kafka and the way in from it are behind' },
)

export const overviewView = Type.Object(
  {
    at: time(),
    today,
    recent: series,
    day: series,
    latest: listOf(latestOrder, {
      description: 'The orders that came in last, newest first',
      maxItems: latestCount,
    }),
    statuses: Type.Object(countsByStatus, {
      title: 'OrdersByStatus',
      description: 'All orders, by status; where there are millions, some seconds old',
    }),
    dead_letters: count,
    lags,
  },
  {
    title: 'Overview',
    description: 'The business at a glance. Orders count where they came in, whatever their date_created says',
  },
)

export type OverviewView = Static<typeof overviewView>
/** How many orders came in within each part of a row of equal times, oldest first. */
export type Series = Static<typeof series>
/** Orders of one currency and their sum in the currency's minor unit, as text. */
export type CurrencySum = Static<typeof currencySum>
/** An order that has just come in. */
export type LatestOrder = Static<typeof latestOrder>
