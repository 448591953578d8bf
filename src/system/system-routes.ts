import type { Route } from '../platform/http.ts'
import { answer } from '../platform/openapi.ts'
import type { Readiness } from './health.ts'

/** How far the readers of the log and of Kafka are behind. Null: there is no such reader, or the database does not tell. */
export type Lags = {
  relay_seconds: number | null
  consumer_messages: number | null
  webhooks_seconds: number | null
  /** Age of the oldest committed event that no reader may see yet. */
  log_seconds: number | null
  /** The open transaction that readers of the log wait for; null when there is none of note. */
  log_held_by: { pid: number | null; database: string; application: string; seconds: number | null } | null
}

/** A variable as it is set; of a secret nothing but that it is. */
export type Setting = { name: string; value: string | null; isDefault: boolean; isSecret: boolean }

export type SystemOptions = {
  version: string
  /** Milliseconds since 1970. */
  startedAtMs: number
  readiness: () => Promise<Readiness>
  /** Does not throw: the page is of most use when something is down. */
  lags: () => Promise<Lags>
  settings: readonly Setting[]
  /** Whether a caller needs an API key. */
  needsKey: () => boolean
  grafanaUrl: string | undefined
}

const text = { type: 'string' }
const behind = (description: string, type: 'number' | 'integer' = 'number') => ({
  type: [type, 'null'],
  minimum: 0,
  description,
})

export const systemSchema = {
  title: 'System',
  type: 'object',
  description: 'The service as it runs: what it depends on, how far it is behind, and how it is set',
  required: [
    'version',
    'runtime',
    'started_at',
    'memory_bytes',
    'is_ready',
    'dependencies',
    'lags',
    'settings',
    'needs_key',
    'grafana_url',
  ],
  properties: {
    version: text,
    runtime: { ...text, description: 'What it runs on' },
    started_at: { type: 'string', format: 'date-time' },
    memory_bytes: { type: 'integer', description: 'Of this process' },
    is_ready: { type: 'boolean', description: 'Whether orders can be taken' },
    dependencies: {
      title: 'Dependencies',
      type: 'object',
      description: 'By name',
      additionalProperties: {
        title: 'Dependency',
        type: 'object',
        description: 'Something that the service depends on',
        required: ['state'],
        properties: { state: { title: 'DependencyState', type: 'string', enum: ['up', 'down', 'off'] }, detail: text },
      },
    },
    lags: {
      title: 'SystemLags',
      type: 'object',
      description: 'Null where there is no such reader, or the database is away',
      required: ['relay_seconds', 'consumer_messages', 'webhooks_seconds', 'log_seconds', 'log_held_by'],
      properties: {
        relay_seconds: behind('Age of the oldest event that Kafka does not have'),
        consumer_messages: behind('Messages that this instance has still to take in from Kafka', 'integer'),
        webhooks_seconds: behind('Age of the oldest event that an enabled webhook has not got'),
        log_seconds: behind(
          'Age of the oldest committed event that no reader may see yet, since a transaction is open',
        ),
        log_held_by: {
          type: ['object', 'null'],
          title: 'HorizonHolder',
          description: 'The transaction that readers of the log wait for, in any database of the server',
          required: ['pid', 'database', 'application', 'seconds'],
          properties: {
            pid: {
              type: ['integer', 'null'],
              description: 'Its server process; null when it is prepared and has none',
            },
            database: text,
            application: { ...text, description: 'Its application_name, or what it was prepared as' },
            seconds: behind('For how long it has been open; null when the service may not know'),
          },
        },
      },
    },
    settings: {
      type: 'array',
      description: 'Every variable',
      items: {
        title: 'Setting',
        type: 'object',
        description: 'A variable as it is set',
        required: ['name', 'value', 'is_default', 'is_secret'],
        properties: {
          name: text,
          value: {
            type: ['string', 'null'],
            description: 'Null for a secret; user and password of an address are ***',
          },
          is_default: { type: 'boolean', description: 'Whether it is not set' },
          is_secret: { type: 'boolean' },
        },
      },
    },
    needs_key: { type: 'boolean', description: 'Whether a caller needs an API key' },
    grafana_url: { type: ['string', 'null'] },
  },
}

/** The service as it runs, over HTTP, for admins. It answers while its dependencies are down. */
export function systemRoutes(options: SystemOptions): Route[] {
  const { version, startedAtMs, readiness, lags, settings, needsKey, grafanaUrl } = options
  const operation = {
    operationId: 'getSystem',
    summary: 'The service as it runs',
    description: 'Its version, dependencies, lags and configuration, without secrets.',
    tags: ['system'],
    responses: { 200: answer('As it is now', { $ref: '#/components/schemas/System' }) },
  }
  const handle = async () => {
    const [{ isReady, dependencies }, behind] = await Promise.all([readiness(), lags()])
    return Response.json({
      version,
      runtime: `Bun ${Bun.version} on ${process.platform} ${process.arch}`,
      started_at: new Date(startedAtMs).toISOString(),
      memory_bytes: process.memoryUsage.rss(),
      is_ready: isReady,
      dependencies,
      lags: behind,
      settings: settings.map(toSettingJson),
      needs_key: needsKey(),
      grafana_url: grafanaUrl ?? null,
    })
  }
  return [{ method: 'GET', path: '/api/system', scope: 'admin', operation, handle }]
}

function toSettingJson({ name, value, isDefault, isSecret }: Setting) {
  return { name, value, is_default: isDefault, is_secret: isSecret }
}
