import { countOpenDeadLetters } from '../dead-letters/queries.ts'
import { readLagSeconds } from '../events/readers.ts'
import { relayReader } from '../events/relay.ts'
import { shareFresh } from '../platform/fresh.ts'
import type { Call, Route } from '../platform/http.ts'
import { answer, problemAnswer, queryParameters } from '../platform/openapi.ts'
import type { Pool } from '../platform/postgres.ts'
import { QueryReader } from '../platform/query.ts'
import { orderStatuses } from './order.ts'
import { countByStatus, readLatest, readSeries, readSums } from './overview-queries.ts'
import { stateSchemas } from './state-schemas.ts'
import { bucketSeconds } from './tally-buckets.ts'

/** An answer stands for so long for everybody who asks. */
const freshMs = 1_000
/** Counting all orders takes the longer the more there are: of its time the database gives one part in so many to it. */
const restShare = 20

/** The charts: the last quarter of an hour by ten seconds, the last day by ten minutes. */
const recent = { seconds: bucketSeconds, count: 90 }
const day = { seconds: 600, count: 144 }

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
/** Every offset in use is a whole number of quarters of an hour, from -12:00 to +14:00; so the answers kept are few. */
const offset = { minimum: -720, maximum: 840, multipleOf: 15 }

const parameters = {
  utc_offset: {
    description: 'By how many minutes the day of the reader is ahead of UTC: 120 for UTC+2. Decides when today began',
    schema: { type: 'integer', ...offset, default: 0 },
  },
}

const latestCount = 20

const series = {
  title: 'OrderSeries',
  type: 'object',
  description: 'Orders that came in, in equal parts of time, oldest first; the last part is not over yet',
  required: ['from', 'seconds', 'orders'],
  properties: {
    from: { type: 'string', format: 'date-time' },
    seconds: { type: 'integer', description: 'The length of a part' },
    orders: { type: 'array', items: { type: 'integer' } },
  },
}

const count = { type: 'integer', minimum: 0 }
const seconds = { type: 'number', minimum: 0 }

export const overviewSchema = {
  title: 'Overview',
  type: 'object',
  description: 'The business at a glance. Orders count where they came in, whatever their date_created says',
  required: ['at', 'today', 'recent', 'day', 'latest', 'statuses', 'dead_letters', 'lags'],
  properties: {
    at: { type: 'string', format: 'date-time' },
    today: {
      title: 'OrdersToday',
      type: 'object',
      description: 'What came in since midnight',
      required: ['from', 'orders', 'sums'],
      properties: {
        from: { type: 'string', format: 'date-time', description: 'When today began' },
        orders: count,
        sums: {
          type: 'array',
          items: {
            title: 'CurrencySum',
            type: 'object',
            description: 'Orders of one currency',
            required: ['currency', 'orders', 'amount'],
            properties: {
              currency: { type: 'string' },
              orders: count,
              amount: {
                type: 'string',
                pattern: '^[0-9]+$',
                description: "In the currency's minor unit; as text, since a sum may exceed 2^53",
              },
            },
          },
        },
      },
    },
    recent: series,
    day: series,
    latest: {
      type: 'array',
      description: 'The orders that came in last, newest first',
      maxItems: latestCount,
      items: {
        title: 'LatestOrder',
        type: 'object',
        description: 'An order, as far as a list shows it',
        required: ['order_uid', 'placed_at', 'customer_id', 'currency', 'amount', 'status'],
        properties: {
          order_uid: { type: 'string' },
          placed_at: { type: 'string', format: 'date-time', description: 'When it came in' },
          customer_id: { type: 'string' },
          currency: { type: 'string' },
          amount: { type: 'integer', description: "In the currency's minor unit" },
          status: stateSchemas.status,
        },
      },
    },
    statuses: {
      title: 'OrdersByStatus',
      type: 'object',
      description: 'All orders, by status; where there are millions, some seconds old',
      required: orderStatuses,
      properties: Object.fromEntries(orderStatuses.map(status => [status, count])),
    },
    dead_letters: count,
    lags: {
      title: 'OverviewLags',
      type: 'object',
      description: 'How far what goes out and comes in by Kafka is behind',
      required: ['relay_seconds', 'consumer_messages'],
      properties: {
        relay_seconds: {
          ...seconds,
          type: ['number', 'null'],
          description: 'Age of the oldest event that Kafka does not have yet; null without Kafka',
        },
        consumer_messages: {
          ...count,
          type: ['integer', 'null'],
          description: 'Messages that this instance has still to take in from Kafka; null without Kafka',
        },
      },
    },
  },
}

const operation = {
  operationId: 'getOverview',
  summary: 'The business at a glance',
  description: 'However many ask, it is made about once a second.',
  tags: ['orders'],
  parameters: queryParameters(parameters),
  responses: {
    200: answer('What came in today and lately, where the orders are, what waits', {
      $ref: '#/components/schemas/Overview',
    }),
    400: problemAnswer('A parameter is wrong; errors lists all of them'),
    503: problemAnswer('The database is away'),
  },
}

/**
 * The overview over HTTP. However many ask, the database is asked about once a second, and less often for the counts that
 * take long.
 *
 * @param options consumerLag: messages of Kafka still to be taken in; undefined without Kafka
 */
export function overviewRoutes(options: {
  pool: Pool
  now: () => number
  consumerLag: (() => number) | undefined
}): Route[] {
  const { pool, now, consumerLag } = options
  const share = <Answer>(make: () => Promise<Answer>, rest = 0) =>
    shareFresh({ freshMs, restShare: rest, make, now: () => performance.now() })
  const counts = share(async () => {
    const [statuses, deadLetters] = await Promise.all([countByStatus(pool), countOpenDeadLetters(pool)])
    return { statuses, dead_letters: deadLetters }
  }, restShare)
  const flow = share(async () => {
    const [lately, wholeDay, latest, relayLag] = await Promise.all([
      readSeries(pool, now(), recent.seconds, recent.count),
      readSeries(pool, now(), day.seconds, day.count),
      readLatest(pool, latestCount),
      consumerLag === undefined ? undefined : readLagSeconds(pool, relayReader),
    ])
    return {
      recent: lately,
      day: wholeDay,
      latest,
      lags: { relay_seconds: relayLag ?? null, consumer_messages: consumerLag?.() ?? null },
    }
  })
  const todays = new Map<number, ReturnType<typeof todayFor>>()
  const todayFor = (offsetMinutes: number) =>
    share(async () => {
      const fromMs = startOfDay(now(), offsetMinutes)
      const sums = await readSums(pool, fromMs)
      return { from: new Date(fromMs).toISOString(), orders: sums.reduce((sum, { orders }) => sum + orders, 0), sums }
    })

  async function handle(call: Call): Promise<Response> {
    const offsetMinutes = readOffset(call)
    const ofToday = todays.get(offsetMinutes) ?? todayFor(offsetMinutes)
    todays.set(offsetMinutes, ofToday)
    const [today, charts, totals] = await Promise.all([ofToday(), flow(), counts()])
    return Response.json({ at: new Date(now()).toISOString(), today, ...charts, ...totals })
  }
  return [{ method: 'GET', path: '/api/overview', scope: 'orders:read', operation, handle }]
}

/** The last midnight of somebody whose clock is ahead of UTC by so many minutes. Pure. */
export function startOfDay(nowMs: number, offsetMinutes: number): number {
  const aheadMs = offsetMinutes * minuteMs
  return Math.floor((nowMs + aheadMs) / dayMs) * dayMs - aheadMs
}

function readOffset(call: Call): number {
  const query = new QueryReader(new URL(call.request.url).searchParams, parameters)
  const minutes = Number(query.text('utc_offset') ?? 0)
  const { minimum, maximum, multipleOf } = offset
  if (!Number.isInteger(minutes) || minutes < minimum || minutes > maximum || minutes % multipleOf !== 0) {
    query.refuse('utc_offset', `minutes, a multiple of ${multipleOf} from ${minimum} to ${maximum}`)
  }
  query.end()
  return minutes
}
