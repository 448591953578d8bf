import { Notifier } from '../events/notifier.ts'
import type { Context, Module, Running } from '../module.ts'
import { keysOf } from '../platform/notified-keys.ts'
import { carriers } from './carriers.ts'
import { eraseWords, ordersOfNumbers } from './erasing.ts'
import { ownRows } from './exporting.ts'
import { trackingChannel, trackingMessageSchemas } from './messages.ts'
import { createTrackingMetrics } from './metrics.ts'
import { parcelsChannel } from './parcel-queries.ts'
import { createPublicParcels } from './public-parcels.ts'
import { createReportHandler } from './report-handler.ts'
import { createReportWriter } from './report-writer.ts'
import { simulatorRoutes } from './routes-simulator.ts'
import { trackRoutes } from './routes-track.ts'
import { webhookRoutes } from './routes-webhooks.ts'
import { runSilence, type SilenceOptions } from './silence.ts'
import { trackingChecks, trackingInspections } from './tracking-checks.ts'
import { carrierSecrets, trackingSilentDays, trackingSimulator, trackingTopic } from './variables.ts'

/** Parcels, and what carriers report of them. It knows numbers and carriers, and no order but by its uid. */
export const trackingModule: Module = {
  name: 'tracking',
  title: 'Tracking',
  buildsOn: ['dead-letters', 'events'],
  tables: [
    { name: 'parcels', order: 'number, carrier' },
    { name: 'parcel_checkpoints', order: 'number, carrier, checkpoint_key' },
    { name: 'parcel_shipments', order: 'order_uid, shipment_id, number, carrier' },
  ],
  erase: {
    columns: { parcels: [], parcel_checkpoints: ['text'], parcel_shipments: [] },
    ofOrders: eraseWords,
    ordersNamedBy: ordersOfNumbers,
  },
  exports: {
    parcels: { by: 'order', rows: ownRows('parcels') },
    parcel_checkpoints: { by: 'order', rows: ownRows('parcel_checkpoints') },
    parcel_shipments: { by: 'order' },
  },
  variables: [trackingSilentDays, trackingSimulator, ...carrierSecrets.values()],
  topics: [
    {
      name: 'reports of carriers in',
      variable: trackingTopic,
      channel: trackingChannel,
      consumed: {
        ...{ groupSuffix: '_tracking', batchMessagesMax: 1_000, batchesInFlightMax: 2 },
        lagGauge: 'tracking_consumer_lag',
      },
    },
  ],
  checks: trackingChecks,
  inspections: trackingInspections,
  tags: { tracking: 'Parcels, and what carriers report of them' },
  messageSchemas: () => trackingMessageSchemas,
  start,
}

/** What became of messages, in the words of webhooks. */
const outcomes: ReadonlyMap<string, string> = new Map([
  ['carried_out', 'new'],
  ['duplicate', 'repeated'],
])

function start(context: Context): Running {
  const { pool, pools, now, registry, logGrown, value, isLocal } = context
  const metrics = createTrackingMetrics(registry, pool, now, carriers)
  const parts = () => context.running().flatMap(({ tracking = [] }) => tracking)
  const shown = showParcels(context)
  const writer = createReportWriter({
    pool: pools.commands,
    now,
    parts,
    onCommitted(changes) {
      const touched = changes.flatMap(({ created, updated }) => [...created, ...updated.map(({ after }) => after)])
      if (touched.length > 0) shown.forget(touched.map(({ number }) => number))
      if (changes.some(({ told }) => told.length > 0)) logGrown.notify()
    },
  })
  const secretsOf = (carrier: string) => {
    const variable = carrierSecrets.get(carrier)
    return variable === undefined ? [] : value(variable)
  }
  return {
    ...shown.running,
    routes: [
      ...webhookRoutes({ carriers, secretsOf, isLocal, writer, now, metrics }),
      ...(isLocal || value(trackingSimulator) ? simulatorRoutes({ pool: pools.single, writer, now, metrics }) : []),
      ...shown.routes,
    ],
    handlers: [
      {
        topic: trackingTopic,
        what: 'reports of carriers',
        handler: createReportHandler({ writer, now, onStored: news => metrics.stored('kafka', news) }),
        count: (outcome, messages) => metrics.count('kafka', outcomes.get(outcome) ?? outcome, messages),
      },
    ],
    workers: [{ name: 'parcels without news', run: stop => runSilence(silenceOf(context, parts), stop) }],
    drain: deadlineMs => writer.close(deadlineMs),
  }
}

/** What shows parcels to anybody. A change is heard by all instances. */
function showParcels({ pools, isInStep }: Context) {
  const parcels = createPublicParcels({ pool: pools.single, isInStep })
  const changed = new Notifier()
  const stop = new AbortController()
  const forgetAll = () => parcels.forgetAll()
  const forget = (numbers: readonly string[]) => {
    parcels.forget(numbers)
    changed.notify()
  }
  const running: Running = {
    notifications: [{ channel: parcelsChannel, onNotify: message => forget(keysOf(message)) }],
    ...{ onInStep: forgetAll, onRestored: forgetAll, endStreams: () => stop.abort() },
  }
  return { forget, running, routes: trackRoutes({ parcels, changed, stop: stop.signal }) }
}

function silenceOf(
  { pools, now, isClockRight, log, logGrown, value }: Context,
  parts: SilenceOptions['parts'],
): SilenceOptions {
  const onCommitted = () => logGrown.notify()
  return { pool: pools.commands, now, isClockRight, silentDays: value(trackingSilentDays), parts, onCommitted, log }
}
