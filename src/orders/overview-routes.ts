import { countOpenDeadLetters } from '../dead-letters/queries.ts'
import { readLagSeconds } from '../events/readers.ts'
import { relayReader } from '../events/relay.ts'
import type { Call, Route } from '../platform/http.ts'
import { answer, problemAnswer, queryParameters } from '../platform/openapi.ts'
import type { Pool } from '../platform/postgres.ts'
import { QueryReader } from '../platform/query.ts'
import { singleFlight } from '../platform/single-flight.ts'
import { countByStatus, readLatest, readSeries, readSums } from './overview-queries.ts'
import { latestCount, type OverviewView, overviewView } from './overview-view.ts'
import { bucketSeconds } from './tally-buckets.ts'

/** How long an answer is given to all callers. */
const freshMs = 1_000
/** Counting all orders takes longer the more there are. The database spends at most one part in this many of its time on it. */
const restShare = 20

/** The charts: the last quarter of an hour by ten seconds, the last day by ten minutes. */
const recent = { seconds: bucketSeconds, count: 90 }
const day = { seconds: 600, count: 144 }

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
/** Every offset in use is a multiple of a quarter of an hour, from -12:00 to +14:00, so few answers are kept. */
const offset = { minimum: -720, maximum: 840, multipleOf: 15 }

const parameters = {
  utc_offset: {
    description: 'By how many minutes the day of the reader is ahead of UTC: 120 for UTC+2. Decides when today began',
    schema: { type: 'integer', ...offset, default: 0 },
  },
}

const operation = {
  operationId: 'getOverview',
  summary: 'The business at a glance',
  description: 'However many ask, it is made about once a second.',
  tags: ['orders'],
  parameters: queryParameters(parameters),
  responses: {
    200: answer('Orders of today and lately, orders by status, and what waits', overviewView),
    400: problemAnswer('A parameter is wrong; errors lists all of them'),
    503: problemAnswer('The database is away'),
  },
}

/**
 * The route of the overview. However many ask, it queries the database about once a second, and less often for counts that take
 * long.
 *
 * @param options consumerLag: messages from Kafka that are not handled yet; undefined without Kafka
 */
export function overviewRoutes(options: {
  pool: Pool
  now: () => number
  consumerLag: (() => number) | undefined
}): Route[] {
  const { pool, now, consumerLag } = options
  const share = <Answer>(make: () => Promise<Answer>, rest = 0) =>
    singleFlight({ freshMs, restShare: rest, make, now: () => performance.now() })
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
    const overview: OverviewView = { at: new Date(now()).toISOString(), today, ...charts, ...totals }
    return Response.json(overview)
  }
  return [{ method: 'GET', path: '/api/overview', scope: 'orders:read', operation, handle }]
}

/** The last midnight by a clock that is this many minutes ahead of UTC, in milliseconds since 1970. Pure. */
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
