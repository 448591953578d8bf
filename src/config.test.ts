import { describe, expect, test } from 'bun:test'
import { configuredKeys } from './access/variables.ts'
import { ConfigError, isLoopback, readConfig, variablesOf } from './config.ts'
import { modules } from './modules.ts'
import { cacheSizeBytesMax } from './orders/variables.ts'
import { staticDir } from './system/variables.ts'

const longKey = 'sk_0123456789abcdefghijklmnop'

/** The problems of an environment; none when it is valid. */
function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(modules, environment, '/checkout')
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

describe('the defaults', () => {
  test('an empty environment serves this machine, with an own database and without Kafka', () => {
    const config = readConfig(modules, {}, '/checkout')
    expect(config).toMatchObject({
      server: { host: '127.0.0.1', port: 8080 },
      dataDir: '/checkout/data',
      logLevel: 'info',
    })
    expect(config.value(staticDir)).toBe('/checkout/build/web')
    expect(config.value(cacheSizeBytesMax)).toBe(33554432)
    expect(config.value(configuredKeys)).toEqual([])
    expect(config.database).toBeUndefined()
    expect(config.kafka).toBeUndefined()
    expect(Object.isFrozen(config)).toBe(true)
  })

  test('an empty variable counts as not set, and spaces around a value do not matter', () => {
    const config = readConfig(modules, { SERVER_PORT: '', DB_HOST: '  ', LOG_LEVEL: ' WARN ' }, '/checkout')
    expect(config.server.port).toBe(8080)
    expect(config.database).toBeUndefined()
    expect(config.logLevel).toBe('warn')
  })

  test('DB_HOST and KAFKA_BROKERS bring their own defaults with them', () => {
    const config = readConfig(modules, { DB_HOST: 'db', KAFKA_BROKERS: 'one:9092, [::1]:9093' }, '/checkout')
    expect(config.database).toEqual({
      host: 'db',
      port: 5432,
      user: 'postgres',
      password: undefined,
      database: 'orders',
    })
    expect(config.kafka).toEqual({
      brokers: ['one:9092', '[::1]:9093'],
      security: undefined,
      groupId: 'orders_group',
    })
    const topics = modules.flatMap(({ topics = [] }) => topics.map(({ variable }) => config.value(variable)))
    expect(topics.toSorted()).toEqual([
      'orders',
      'orders.commands',
      'orders.dlq',
      'orders.events',
      'orders.stock',
      'orders.tracking',
    ])
  })

  test('nothing is traced without a collector, and what it gets has defaults of its own', () => {
    expect(readConfig(modules, { OTEL_SERVICE_NAME: 'shop' }, '/checkout').tracing).toBeUndefined()
    const endpoint = 'http://collector:4318'
    const headers = 'authorization=Bearer%20k%3D1, x-team=shop'
    const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers }
    expect(readConfig(modules, environment, '/checkout').tracing).toEqual({
      endpoint,
      headers: { authorization: 'Bearer k=1', 'x-team': 'shop' },
      serviceName: 'orders',
      resourceAttributes: {},
      sampler: 'parentbased_always_on',
      ratio: 1,
    })
  })

  test('a folder that is absolute stays so', () => {
    expect(readConfig(modules, { DATA_DIR: '/var/lib/orders' }, '/checkout').dataDir).toBe('/var/lib/orders')
  })
})

describe('what is wrong', () => {
  test('every wrong value is reported at once, by name', () => {
    const wrong = {
      SERVER_PORT: '65536',
      LOG_LEVEL: 'loud',
      WEBHOOKS_ALLOW_PRIVATE: 'yes',
      DB_HOST: 'db',
      DB_PORT: '0',
      DB_CONNECTIONS_MAX: '3',
      KAFKA_BROKERS: 'broker',
      KAFKA_TOPIC: 'or ders',
      KAFKA_EVENTS_TOPIC: 'é',
      KAFKA_DLQ_TOPIC: 'x'.repeat(250),
      CACHE_MAX_BYTES: '1e9',
      API_KEYS: 'short=admin',
    }
    const problems = problemsOf(wrong)
    const missing = Object.keys(wrong).filter(
      name => name !== 'DB_HOST' && !problems.some(text => text.startsWith(name)),
    )
    expect(missing).toEqual([])
    expect(problems).toHaveLength(Object.keys(wrong).length - 1)
    expect(new ConfigError(problems).message.split('\n')).toHaveLength(problems.length + 1)
  })

  test.each([
    ['SERVER_PORT', ['-1', '80.5', '0x50', 'http', '8080;']],
    ['CACHE_MAX_BYTES', ['0', '64MB', '1048575', '9007199254740993']],
    ['DB_CONNECTIONS_MAX', ['0', '1001']],
    ['KAFKA_BROKERS', ['a', 'a:', 'a:0', 'a:65536', 'a:9092,', 'kafka://a:9092', 'a:1:2']],
  ])('%s takes none of %j', (name, values) => {
    for (const value of values) expect(problemsOf({ [name]: value }).join()).toContain(name)
  })

  test('what has no effect without DB_HOST or KAFKA_BROKERS is reported, not ignored', () => {
    expect(problemsOf({ DB_PASSWORD: 'hunter2', DB_PORT: '5433', KAFKA_TOPIC: 'mine' })).toEqual([
      'DB_PORT is set, but DB_HOST is not',
      'DB_PASSWORD is set, but DB_HOST is not',
      'KAFKA_TOPIC is set, but KAFKA_BROKERS is not',
    ])
  })

  test('what is set of tracing is checked once it is switched on, all at once and without a word of the headers', () => {
    const wrong = {
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization Bearer-secret',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_RESOURCE_ATTRIBUTES: 'team=%E0%A4%A',
      OTEL_TRACES_SAMPLER: 'jaeger_remote',
      OTEL_TRACES_SAMPLER_ARG: '1.5',
    }
    expect(problemsOf(wrong)).toEqual([])
    const problems = problemsOf({ ...wrong, OTEL_EXPORTER_OTLP_ENDPOINT: 'me:secret@localhost:4318' })
    const names = ['OTEL_EXPORTER_OTLP_ENDPOINT', ...Object.keys(wrong)]
    expect(problems.map(text => text.split(' ')[0] ?? '').toSorted()).toEqual(names.toSorted())
    expect(problems.join()).not.toContain('secret')
  })

  test('two ends of the service do not share a topic', () => {
    expect(problemsOf({ KAFKA_BROKERS: 'a:9092', KAFKA_EVENTS_TOPIC: 'orders' })).toHaveLength(1)
  })
})

describe('secrets', () => {
  test('no message holds a password or a key, whatever else is wrong', () => {
    const secret = 'sk_this-must-stay-among-us-1234567890'
    const text = problemsOf({
      DB_PASSWORD: secret,
      SERVER_PORT: 'x',
      API_KEYS: `${secret}=nonsense,${secret.slice(0, 12)}=admin,${secret}`,
    }).join('\n')
    expect(text).toContain('key 1')
    expect(text).toContain('key 2')
    expect(text).toContain('key 3')
    expect(text).not.toContain(secret.slice(3, 12))
  })

  test('keys of the environment come with their scopes', () => {
    const config = readConfig(modules, { API_KEYS: `${longKey}=orders:read+orders:write` }, '/checkout')
    expect(config.value(configuredKeys)).toEqual([{ key: longKey, scopes: ['orders:read', 'orders:write'] }])
  })

  test('a password keeps its spaces, which may be part of it', () => {
    expect(readConfig(modules, { DB_HOST: 'db', DB_PASSWORD: ' a ' }, '/').database?.password).toBe(' a ')
  })
})

test('every variable has a meaning for the help', () => {
  for (const { name, meaning } of variablesOf(modules)) expect(`${name} ${meaning}`).toMatch(/^[A-Z_]+ .{4,}/)
})

test.each([
  ['127.0.0.1', true],
  ['127.8.8.8', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.168.1.5', false],
  ['127.0.0.1.example.com', false],
])('%s is loopback: %p', (host, expected) => {
  expect(isLoopback(host)).toBe(expected)
})

describe('what is shown of it', () => {
  test('is every variable, and of secrets only whether they are set', () => {
    const headers = 'authorization=hidden'
    const collector = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://traces:4318/?key=hidden',
      OTEL_EXPORTER_OTLP_HEADERS: headers,
    }
    const environment = { DB_HOST: 'db', DB_PASSWORD: 'hidden', SERVER_PORT: '81', ...collector }
    const { settings } = readConfig(modules, environment, '/checkout')
    expect(JSON.stringify(settings)).not.toContain('hidden')
    const shown = new Map(settings.map(({ name, ...setting }) => [name, setting]))
    expect([...shown.keys()]).toEqual(variablesOf(modules).map(({ name }) => name))
    expect(shown.get('DB_PASSWORD')).toEqual({ value: null, isDefault: false, isSecret: true })
    expect(shown.get('API_KEYS')).toEqual({ value: null, isDefault: true, isSecret: true })
    expect(shown.get('OTEL_EXPORTER_OTLP_HEADERS')).toEqual({ value: null, isDefault: false, isSecret: true })
    expect(shown.get('SERVER_PORT')).toEqual({ value: '81', isDefault: false, isSecret: false })
    expect(shown.get('LOG_LEVEL')).toEqual({ value: 'info', isDefault: true, isSecret: false })
  })

  test.each([
    ['/shop', '/shop'],
    ['/a/b-c/', '/a/b-c'],
    ['/', ''],
  ])('a proxy that leaves %s on leaves %p on', (given, basePath) => {
    expect(readConfig(modules, { BASE_PATH: given }, '/').server.basePath).toBe(basePath)
  })

  test.each(['shop', '/sh op', '//', '/a?b', 'http://x/'])('no proxy leaves %s on', given => {
    expect(problemsOf({ BASE_PATH: given })).toEqual([expect.stringContaining('BASE_PATH must be')])
  })

  test.each(['localhost:3000', 'ftp://grafana', 'https://me:secret@grafana'])('Grafana is not at %s', address => {
    const problems = problemsOf({ GRAFANA_URL: address })
    expect(problems).toEqual([expect.stringContaining('GRAFANA_URL must be')])
    expect(problems[0]).not.toContain('secret')
  })
})
