import { Type } from 'typebox'
import type { MessageHandler } from '../src/dead-letters/message-handler.ts'
import { appendEvent } from '../src/events/append.ts'
import { defineEvent } from '../src/events/definition.ts'
import { streamChecks } from '../src/events/stream-checks.ts'
import type { StreamDefinition } from '../src/events/stream-definition.ts'
import type { Context, Module, Running, TopicHandler } from '../src/module.ts'
import type { StatusChangePart } from '../src/orders/status-change-part.ts'
import { Counter } from '../src/platform/metrics.ts'
import { answer } from '../src/platform/openapi.ts'
import { inTransaction, type Pool } from '../src/platform/postgres.ts'
import { integerVariable, topicVariable } from '../src/platform/variables.ts'

/** A module as one that is to come: parcels, which are weighed. It has one of everything that a module can bring. */

/** Its migration. */
export const parcelsTable =
  'create table weighed_parcels (parcel text primary key, grams int not null, version int not null)'

export const parcelsTopic = topicVariable({
  name: 'KAFKA_PARCELS_TOPIC',
  preset: 'parcels',
  meaning: 'topic that parcels come in by',
})

const gramsMax = integerVariable(
  { name: 'PARCEL_GRAMS_MAX', preset: '30000', meaning: 'how heavy a parcel may be' },
  1,
  100_000,
)

const parcelWeighed = defineEvent({
  type: 'parcel.weighed',
  stream: 'parcel',
  isFirst: true,
  title: 'A parcel was weighed',
  description: 'A parcel came in, and was weighed.',
  data: Type.Object({ grams: Type.Integer() }),
  example: { grams: 1200 },
})

const parcelStream: StreamDefinition = {
  type: 'parcel',
  heads: 'select parcel as stream_id, version, now() as updated_at from weighed_parcels',
  addressOf: parcel => `/api/parcels/${parcel}`,
}

const parcelView = Type.Object({ parcel: Type.String(), grams: Type.Integer() }, { title: 'Parcel' })

/** Forgets the parcel of an order that is cancelled: with the order, or not at all. */
const followOrders: StatusChangePart = {
  async onStatusChanged(client, changes) {
    const cancelled = changes.filter(({ command }) => command === 'cancel').map(({ order }) => order.orderUid)
    await client.query('delete from weighed_parcels where parcel = any($1)', [cancelled])
  },
}

export const parcelsModule: Module = {
  name: 'parcels',
  title: 'Parcels',
  buildsOn: ['events'],
  tables: [{ name: 'weighed_parcels', order: 'parcel' }],
  streams: [parcelStream],
  events: [parcelWeighed],
  variables: [gramsMax],
  topics: [
    {
      name: 'parcels in',
      variable: parcelsTopic,
      channel: address => ({
        name: 'parcels',
        address,
        server: 'kafka',
        action: 'receive',
        title: 'Parcels come in',
        description: 'KAFKA_PARCELS_TOPIC',
        messages: [
          {
            name: 'parcel',
            title: 'A parcel',
            summary: 'Its name',
            contentType: 'text/plain',
            payload: Type.String(),
            examples: [{ payload: 'p-1' }],
          },
        ],
      }),
      consumed: { groupSuffix: '_parcels', batchMessagesMax: 10 },
    },
  ],
  checks: [
    ...streamChecks(parcelStream),
    {
      name: 'parcel-weight',
      sentence: 'every parcel has a weight',
      sql: 'select parcel from weighed_parcels where grams <= 0',
      audited: 'all',
    },
  ],
  scopes: ['parcels:read'],
  tags: { parcels: 'Parcels: weighed, and read' },
  start,
}

/** What the worker and the notification of each running module were told. */
export const heard = { worker: 0, notified: [] as string[] }

function start({ pool, value, registry }: Context): Running {
  const weighed = new Counter({
    name: 'parcels_weighed_total',
    help: 'Parcels that were weighed',
    registers: [registry],
  })
  const handler: TopicHandler = {
    topic: parcelsTopic,
    what: 'parcels',
    handler: parcelHandler(pool, value(gramsMax)),
    count: (_, messages) => weighed.inc(messages),
  }
  return {
    routes: [
      {
        method: 'GET',
        path: '/api/parcels/:id',
        scope: 'parcels:read',
        operation: {
          operationId: 'getParcel',
          summary: 'Read a parcel',
          description: 'A parcel with its weight.',
          tags: ['parcels'],
          responses: { 200: answer('The parcel', parcelView) },
        },
        async handle({ params }) {
          const { rows } = await pool.query('select parcel, grams from weighed_parcels where parcel = $1', [params.id])
          return Response.json(rows[0] ?? null)
        },
      },
    ],
    handlers: [handler],
    notifications: [{ channel: 'parcels_changed', onNotify: message => void heard.notified.push(message) }],
    statusChanges: [followOrders],
    workers: [
      {
        name: 'parcel scales',
        async run(stop) {
          heard.worker += 1
          await new Promise(resolve => stop.addEventListener('abort', resolve))
          heard.worker -= 1
        },
      },
    ],
  }
}

/** Weighs parcels: each once, with its event. */
function parcelHandler(pool: Pool, grams: number): MessageHandler {
  return {
    codes: [],
    unprocessable: 'ORDER_UNPROCESSABLE',
    check: () => [],
    async handle(messages) {
      const names = messages.map(({ value }) => String(value))
      for (const streamId of names) {
        await inTransaction(pool, async client => {
          const insert = 'insert into weighed_parcels values ($1, $2, 1) on conflict do nothing'
          const { rowCount } = await client.query(insert, [streamId, grams])
          if (rowCount === 0) return
          const data = JSON.stringify({ grams })
          await appendEvent(client, {
            streamId,
            sequence: 1,
            definition: parcelWeighed,
            recordedAt: new Date(),
            data,
          })
          await client.query("select pg_notify('parcels_changed', $1)", [streamId])
        })
      }
      return names.map(orderUid => ({ kind: 'accepted', outcome: 'carried_out', orderUid }))
    },
  }
}
