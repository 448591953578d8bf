import { type Static, Type } from 'typebox'
import { listOf, nullable, recordOf, time } from '../platform/view.ts'

/** The service as it runs, as `GET /api/system` answers. */

const dependency = Type.Object(
  {
    state: Type.Enum(['up', 'down', 'off'], { title: 'DependencyState' }),
    detail: Type.Optional(Type.String()),
  },
  { title: 'Dependency', description: 'Something that the service depends on' },
)

const secondsBehind = (description: string) => nullable(Type.Number({ minimum: 0 }), { description })

const horizonHolder = Type.Object(
  {
    pid: nullable(Type.Integer(), { description: 'Its server process; null when it is prepared and has none' }),
    database: Type.String(),
    application: Type.String({ description: 'Its application_name, or what it was prepared as' }),
    seconds: secondsBehind('For how long it has been open; null when the service may not know'),
  },
  {
    title: 'HorizonHolder',
    description: 'The transaction that readers of the log wait for, in any database of the server',
  },
)

const lags = Type.Object(
  {
    relay_seconds: secondsBehind('Age of the oldest event that Kafka does not have'),
    consumer_messages: nullable(Type.Integer({ minimum: 0 }), {
      description: 'Messages from Kafka that this instance has not read yet',
    }),
    webhooks_seconds: secondsBehind('Age of the oldest event that an enabled webhook has not got'),
    log_seconds: secondsBehind(
      'Age of the oldest committed event that no reader may see yet, since a transaction is open',
    ),
    log_held_by: nullable(horizonHolder),
  },
  { title: 'SystemLags', description: 'Null where there is no such reader, or the database is away' },
)

const setting = Type.Object(
  {
    name: Type.String(),
    value: nullable(Type.String(), { description: 'Null for a secret; user and password of an address are ***' }),
    is_default: Type.Boolean({ description: 'Whether it is not set' }),
    is_secret: Type.Boolean(),
  },
  { title: 'Setting', description: 'A variable as it is set' },
)

export const systemView = Type.Object(
  {
    version: Type.String(),
    runtime: Type.String({ description: 'What it runs on' }),
    started_at: time(),
    memory_bytes: Type.Integer({ description: 'Of this process' }),
    is_ready: Type.Boolean({ description: 'Whether it can accept orders' }),
    dependencies: recordOf(dependency, { title: 'Dependencies', description: 'By name' }),
    lags,
    settings: listOf(setting, { description: 'Every variable' }),
    needs_key: Type.Boolean({ description: 'Whether a caller needs an API key' }),
    grafana_url: nullable(Type.String()),
    pages: listOf(
      Type.Object(
        { title: Type.String(), path: Type.String({ description: 'Below BASE_PATH' }) },
        { title: 'ServedPage', description: 'A page that the service serves beside the web UI' },
      ),
      { description: 'Pages beside the web UI, such as the demo shop where it is on' },
    ),
  },
  {
    title: 'System',
    description: 'The service as it runs: its dependencies, how far it is behind, and its configuration',
  },
)

export type SystemView = Static<typeof systemView>
/** The state of something that the service depends on. */
export type DependencyState = Static<typeof dependency>
/** How far the readers of the log and of Kafka are behind. Null: there is no such reader, or the database does not answer. */
export type Lags = Static<typeof lags>
export type SettingView = Static<typeof setting>
