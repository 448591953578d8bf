import { join } from 'node:path'
import { type KafkaSecurity, readKafkaSecurity } from './platform/kafka/security.ts'
import type { PostgresAddress } from './platform/postgres.ts'
import { readTracingSettings, samplers, type TracingSettings } from './platform/tracing-settings.ts'

/** Everything that can be set, checked and frozen. Made once at start; nothing else reads the environment. */
export type Config = Readonly<{
  server: { host: string; port: number; staticDir: string; basePath: string }
  /** Undefined: the service runs its own PostgreSQL in `dataDir`. */
  database: PostgresAddress | undefined
  databaseConnectionsMax: number
  dataDir: string
  /** Undefined: the service runs without Kafka. */
  kafka: KafkaConfig | undefined
  cacheSizeBytesMax: number
  /** Undefined: unpaid orders wait for ever. */
  unpaidExpiresAfterMs: number | undefined
  /** Undefined: events are kept for ever. */
  eventsRetentionDays: number | undefined
  /** Whether webhooks may go to addresses inside the network. */
  webhooksAllowPrivate: boolean
  /** Where Grafana is for the people who look at the page; undefined: nowhere that is known. */
  grafanaUrl: string | undefined
  /** Undefined: nothing is traced. */
  tracing: TracingSettings | undefined
  logLevel: LogLevel
  /** Keys that are valid beside those in the database: the key and its scopes. */
  apiKeys: readonly { key: string; scopes: readonly string[] }[]
  /** Every variable as it is set, for people. */
  settings: readonly Setting[]
}>

/** A variable and its value; of a secret nothing but whether it is set. */
export type Setting = { name: string; value: string | null; isDefault: boolean; isSecret: boolean }

export type KafkaConfig = Readonly<{
  brokers: string[]
  /** Undefined: in the clear, and without a login. */
  security: KafkaSecurity | undefined
  groupId: string
  ordersTopic: string
  commandsTopic: string
  eventsTopic: string
  deadLettersTopic: string
}>

const logLevels = ['debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
type LogLevel = (typeof logLevels)[number]

/** What `--help` and the documentation list: every variable, its default and its meaning. */
export const variables = [
  ['SERVER_HOST', '127.0.0.1', 'address to listen on; any but loopback needs an API key'],
  ['SERVER_PORT', '8080', 'port to listen on'],
  ['STATIC_DIR', 'build/web', 'folder of the built page at /'],
  ['BASE_PATH', '', 'path that a proxy in front leaves on, such as /shop; none if it takes it off'],
  ['DATA_DIR', 'data', 'folder of the own PostgreSQL, used without DB_HOST'],
  ['DB_HOST', '', 'your PostgreSQL: host, or folder of its socket'],
  ['DB_PORT', '5432', 'its port'],
  ['DB_USER', 'postgres', 'user'],
  ['DB_PASSWORD', '', 'password'],
  ['DB_NAME', 'orders', 'database'],
  ['DB_CONNECTIONS_MAX', '10', 'connections at a time, beside four that listen'],
  ['KAFKA_BROKERS', '', 'your Kafka: host:port, several with commas'],
  ['KAFKA_SECURITY_PROTOCOL', 'PLAINTEXT', 'how to speak to it: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL'],
  ['KAFKA_SASL_MECHANISM', '', 'how to log in with SASL_…: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512'],
  ['KAFKA_SASL_USERNAME', '', 'user for that'],
  ['KAFKA_SASL_PASSWORD', '', 'password for that'],
  ['KAFKA_SSL_CA', '', 'PEM file of the authorities to trust with …SSL, instead of the public ones'],
  ['KAFKA_SSL_CERT', '', 'PEM file of a certificate to show to the brokers, with those above it'],
  ['KAFKA_SSL_KEY', '', 'PEM file of its key, without a passphrase'],
  ['KAFKA_TOPIC', 'orders', 'topic that orders come in by'],
  ['KAFKA_COMMANDS_TOPIC', 'orders.commands', 'topic that commands to orders come in by'],
  ['KAFKA_GROUP_ID', 'orders_group', 'consumer group of the service'],
  ['KAFKA_EVENTS_TOPIC', 'orders.events', 'topic that events are published to'],
  ['KAFKA_DLQ_TOPIC', 'orders.dlq', 'topic that dead letters are announced on'],
  ['CACHE_MAX_BYTES', '33554432', 'memory for cached orders, in bytes'],
  ['UNPAID_EXPIRES_AFTER_MINUTES', '1440', 'how long an order waits for its payment; 0: for ever'],
  ['EVENTS_RETENTION_DAYS', '0', 'how long events stay in the log, in days; 0: for ever'],
  ['WEBHOOKS_ALLOW_PRIVATE', 'false', 'whether webhooks may go inside private networks: true or false'],
  ['GRAFANA_URL', '', 'address of Grafana, which the page leads to'],
  ['LOG_LEVEL', 'info', `one of ${logLevels.join(', ')}`],
  [
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    '',
    'collector of traces, such as http://localhost:4318; without it nothing is traced',
  ],
  ['OTEL_EXPORTER_OTLP_HEADERS', '', 'headers for it, such as keys: name=value, several with commas'],
  ['OTEL_EXPORTER_OTLP_PROTOCOL', 'http/json', 'how spans are sent; http/json is the only way'],
  ['OTEL_SERVICE_NAME', 'orders', 'what traces call the service'],
  ['OTEL_RESOURCE_ATTRIBUTES', '', 'what else they say of it: name=value, several with commas'],
  ['OTEL_TRACES_SAMPLER', 'parentbased_always_on', `which traces: one of ${samplers.join(', ')}`],
  ['OTEL_TRACES_SAMPLER_ARG', '1', 'the share of them, from 0 to 1, for the samplers by ratio'],
  ['API_KEYS', '', 'keys beside those made by "keys create": key=scope+scope, several with commas'],
] as const

type Name = (typeof variables)[number][0]

/** What the topics are called unless they are configured. */
export const defaultTopics = {
  ordersTopic: defaultOf('KAFKA_TOPIC'),
  commandsTopic: defaultOf('KAFKA_COMMANDS_TOPIC'),
  eventsTopic: defaultOf('KAFKA_EVENTS_TOPIC'),
  deadLettersTopic: defaultOf('KAFKA_DLQ_TOPIC'),
}

/** The scopes that a key can have. */
export const scopes = [
  'orders:read',
  'orders:write',
  'payments:write',
  'inventory:write',
  'deliveries:write',
  'admin',
] as const

/** What is wrong with the configuration: one sentence for each variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`the configuration is not valid:\n${problems.map(problem => `  ${problem}`).join('\n')}`)
    this.problems = problems
  }
}

/**
 * Reads the configuration. A variable that is empty counts as not set.
 *
 * @param environment usually `process.env`
 * @param root the folder that relative paths are taken from: the checkout
 * @param filesRoot the folder of what comes with the code, when that is another
 * @throws ConfigError with every wrong value at once, by name
 */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  root: string,
  filesRoot = root,
): Config {
  const problems: string[] = []
  const given = (name: Name) => environment[name]?.trim() || undefined
  const text = (name: Name): string => given(name) ?? defaultOf(name)
  const wrong = (name: Name, expected: string) => problems.push(`${name} must be ${expected}, and is "${given(name)}"`)

  function integer(name: Name, minimum: number, maximum: number): number {
    const number = Number(text(name))
    if (!/^\d+$/.test(text(name)) || number < minimum || number > maximum) {
      wrong(name, `a whole number from ${minimum} to ${maximum}`)
    }
    return number
  }
  function flag(name: Name): boolean {
    if (!['true', 'false'].includes(text(name))) wrong(name, 'true or false')
    return text(name) === 'true'
  }
  function topic(name: Name): string {
    // Kafka's own rule for topic names.
    if (!/^[A-Za-z0-9._-]{1,249}$/.test(text(name))) wrong(name, 'up to 249 of A-Z a-z 0-9 . _ -')
    return text(name)
  }
  function basePath(): string {
    const path = text('BASE_PATH').replace(/\/$/, '')
    if (!/^(\/[\w.~-]+)*$/.test(path)) wrong('BASE_PATH', 'a path such as /shop')
    return path
  }
  function webAddress(name: Name): string | undefined {
    const address = given(name)
    if (address === undefined) return undefined
    const url = URL.canParse(address) ? new URL(address) : undefined
    if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.username + url.password !== '') {
      problems.push(`${name} must be an address with http:// or https://, without user and password`)
    }
    return url?.href
  }
  function needs(name: Name, names: readonly Name[]): void {
    for (const dependent of names) {
      if (given(dependent) !== undefined) problems.push(`${dependent} is set, but ${name} is not`)
    }
  }

  const logLevel = text('LOG_LEVEL').toLowerCase() as LogLevel
  if (!logLevels.includes(logLevel)) wrong('LOG_LEVEL', `one of ${logLevels.join(', ')}`)

  let database: PostgresAddress | undefined
  if (given('DB_HOST') === undefined) needs('DB_HOST', ['DB_PORT', 'DB_USER', 'DB_PASSWORD', 'DB_NAME'])
  else {
    database = {
      host: text('DB_HOST'),
      port: integer('DB_PORT', 1, 65535),
      user: text('DB_USER'),
      password: environment.DB_PASSWORD || undefined,
      database: text('DB_NAME'),
    }
  }

  let kafka: KafkaConfig | undefined
  if (given('KAFKA_BROKERS') === undefined) {
    needs(
      'KAFKA_BROKERS',
      variables.map(([name]) => name).filter(name => name.startsWith('KAFKA_') && name !== 'KAFKA_BROKERS'),
    )
  } else {
    const brokers = text('KAFKA_BROKERS')
      .split(',')
      .map(broker => broker.trim())
    if (!brokers.every(isHostAndPort)) wrong('KAFKA_BROKERS', 'host:port, several with commas')
    kafka = {
      brokers,
      security: readKafkaSecurity({
        // Like that of the database: its spaces may be part of it.
        given: name => (name === 'KAFKA_SASL_PASSWORD' ? environment[name] || undefined : given(name)),
        absolute: path => absolute(root, path),
        report: problem => problems.push(problem),
      }),
      groupId: text('KAFKA_GROUP_ID'),
      ordersTopic: topic('KAFKA_TOPIC'),
      commandsTopic: topic('KAFKA_COMMANDS_TOPIC'),
      eventsTopic: topic('KAFKA_EVENTS_TOPIC'),
      deadLettersTopic: topic('KAFKA_DLQ_TOPIC'),
    }
    const topics = [kafka.ordersTopic, kafka.commandsTopic, kafka.eventsTopic, kafka.deadLettersTopic]
    if (new Set(topics).size < topics.length) {
      problems.push(
        'KAFKA_TOPIC, KAFKA_COMMANDS_TOPIC, KAFKA_EVENTS_TOPIC and KAFKA_DLQ_TOPIC must be different topics',
      )
    }
  }

  const secretWrong = (name: Name, expected: string) => problems.push(`${name} must be ${expected}`)
  const tracing = readTracingSettings(text, wrong, secretWrong)

  const config: Config = {
    server: {
      host: text('SERVER_HOST'),
      port: integer('SERVER_PORT', 0, 65535),
      staticDir: absolute(given('STATIC_DIR') === undefined ? filesRoot : root, text('STATIC_DIR')),
      basePath: basePath(),
    },
    database,
    databaseConnectionsMax: integer('DB_CONNECTIONS_MAX', 4, 1000),
    dataDir: absolute(root, text('DATA_DIR')),
    kafka,
    cacheSizeBytesMax: integer('CACHE_MAX_BYTES', 1024 * 1024, Number.MAX_SAFE_INTEGER),
    unpaidExpiresAfterMs: integer('UNPAID_EXPIRES_AFTER_MINUTES', 0, 5_256_000) * 60_000 || undefined,
    eventsRetentionDays: integer('EVENTS_RETENTION_DAYS', 0, 36_500) || undefined,
    webhooksAllowPrivate: flag('WEBHOOKS_ALLOW_PRIVATE'),
    grafanaUrl: webAddress('GRAFANA_URL'),
    tracing,
    logLevel,
    apiKeys: readApiKeys(given('API_KEYS'), problems),
    settings: variables.map(([name, preset]) => toSetting(name, preset, given(name))),
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(config)
}

/** Names of variables that hold secrets; a new one that is named like these is one too. */
const secretName = /PASSWORD|SECRET|TOKEN|HEADERS|KEYS?$/

/** What an address has before its host, and in its query, may be a credential: it is left out, whatever the variable is for. */
function toSetting(name: Name, preset: string, given: string | undefined): Setting {
  const isSecret = secretName.test(name)
  const value = (given ?? preset).replace(/\/\/[^/@\s]*@/g, '//***@').replace(/([?&][^=?&\s]*=)[^&\s]*/g, '$1***')
  return { name, value: isSecret ? null : value, isDefault: given === undefined, isSecret }
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

function defaultOf(name: Name): string {
  return variables.find(variable => variable[0] === name)?.[1] ?? ''
}

function absolute(root: string, path: string): string {
  return path.startsWith('/') ? path : join(root, path)
}

function isHostAndPort(text: string): boolean {
  const port = Number(/^[^\s:]+:(\d{1,5})$|^\[[0-9a-fA-F:]+\]:(\d{1,5})$/.exec(text)?.slice(1).find(Boolean))
  return port >= 1 && port <= 65535
}

/** A wrong entry is named by its number: the key itself must not get into a log. */
function readApiKeys(text: string | undefined, problems: string[]): Config['apiKeys'] {
  if (text === undefined) return []
  return text.split(',').map((entry, index) => {
    const [key = '', list = ''] = entry.trim().split('=')
    const wanted = list.split('+')
    const unknown = wanted.filter(scope => !(scopes as readonly string[]).includes(scope))
    if (key.length < 24) problems.push(`API_KEYS: key ${index + 1} must have at least 24 characters`)
    if (unknown.length > 0) {
      problems.push(`API_KEYS: the scopes of key ${index + 1} must be some of ${scopes.join(', ')}, joined by +`)
    }
    return { key, scopes: wanted }
  })
}
