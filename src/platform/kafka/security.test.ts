import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Certificates, certificatesAvailability, makeCertificates } from '../../../test/certificates.ts'
import { ConfigError, readConfig } from '../../config.ts'
import { modules } from '../../modules.ts'
import { clientOptions } from './client.ts'

const folder = mkdtempSync(join(tmpdir(), 'orders-security-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const brokers = { KAFKA_BROKERS: 'kafka:9093' }
const login = { KAFKA_SASL_MECHANISM: 'PLAIN', KAFKA_SASL_USERNAME: 'shop', KAFKA_SASL_PASSWORD: 'hunter2' }

/** What is wrong with settings, and relative files are in the folder of the test. */
function problemsOf(environment: Record<string, string>): string[] {
  try {
    readConfig(modules, { ...brokers, ...environment }, folder)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return [...error.problems]
    throw error
  }
}

/** What clients are opened with. */
function optionsOf(environment: Record<string, string>): { tls: unknown; sasl: unknown } {
  const { kafka } = readConfig(modules, { ...brokers, ...environment }, folder)
  if (kafka === undefined) throw new Error('brokers are set')
  const { tls, sasl } = { tls: undefined, sasl: undefined, ...clientOptions(kafka, 'test') }
  return { tls, sasl }
}

test.each<[string, Record<string, string>, object | undefined, object | undefined]>([
  ['', {}, undefined, undefined],
  ['PLAINTEXT', {}, undefined, undefined],
  ['SSL', {}, {}, undefined],
  ['SASL_PLAINTEXT', login, undefined, { mechanism: 'PLAIN', username: 'shop', password: 'hunter2' }],
  ['sasl_ssl', login, {}, { mechanism: 'PLAIN', username: 'shop', password: 'hunter2' }],
])('%s is spoken', (protocol, settings, tls, sasl) => {
  expect(optionsOf({ KAFKA_SECURITY_PROTOCOL: protocol, ...settings })).toEqual({ tls, sasl })
})

test('a password keeps its spaces, which may be part of it', () => {
  const options = optionsOf({ KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', ...login, KAFKA_SASL_PASSWORD: ' a ' })
  expect(options.sasl).toMatchObject({ password: ' a ' })
})

test.each<[string, Record<string, string>, string[]]>([
  [
    'a protocol that there is not',
    { KAFKA_SECURITY_PROTOCOL: 'TLS' },
    ['KAFKA_SECURITY_PROTOCOL must be one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL, and is "TLS"'],
  ],
  [
    'a mechanism that there is not',
    { KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', ...login, KAFKA_SASL_MECHANISM: 'GSSAPI' },
    ['KAFKA_SASL_MECHANISM must be one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, and is "GSSAPI"'],
  ],
  [
    'both, and a file that is not there',
    { KAFKA_SECURITY_PROTOCOL: 'TLS', KAFKA_SASL_MECHANISM: 'X', KAFKA_SSL_CA: 'none.pem' },
    ['KAFKA_SECURITY_PROTOCOL must be', 'KAFKA_SASL_MECHANISM must be', 'KAFKA_SSL_CA must be'],
  ],
  [
    'a login that is not whole',
    { KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_SASL_USERNAME: 'shop' },
    [
      'KAFKA_SASL_MECHANISM must be set, since KAFKA_SECURITY_PROTOCOL is SASL_SSL',
      'KAFKA_SASL_PASSWORD must be set, since KAFKA_SECURITY_PROTOCOL is SASL_SSL',
    ],
  ],
  [
    'a login that nobody asks for',
    { KAFKA_SECURITY_PROTOCOL: 'SSL', ...login },
    Object.keys(login).map(name => `${name} is set, but KAFKA_SECURITY_PROTOCOL is SSL`),
  ],
  ['a password alone', { KAFKA_SASL_PASSWORD: 'hunter2' }, ['KAFKA_SASL_PASSWORD is set, but']],
  [
    'anything without brokers',
    { KAFKA_BROKERS: '', KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_SASL_PASSWORD: 'hunter2' },
    [
      'KAFKA_SECURITY_PROTOCOL is set, but KAFKA_BROKERS is not',
      'KAFKA_SASL_PASSWORD is set, but KAFKA_BROKERS is not',
    ],
  ],
  ['a folder', { KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_SSL_CA: '/tmp' }, ['KAFKA_SSL_CA must be']],
  [
    'a device that has no end',
    { KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_SSL_CA: '/dev/zero' },
    ['KAFKA_SSL_CA must be the path of a PEM file, and it cannot be read: "/dev/zero" is no file'],
  ],
])('%s is reported by name', (_, environment, expected) => {
  const problems = problemsOf(environment)
  expect(problems).toEqual(expected.map(beginning => expect.stringContaining(beginning)))
  expect(problems.join()).not.toContain('hunter2')
})

test('what is shown of the settings has neither the password nor where the key is', () => {
  const { settings } = readConfig(modules, { ...brokers, KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', ...login }, folder)
  const shown = new Map(settings.map(({ name, ...setting }) => [name, setting]))
  expect(shown.get('KAFKA_SASL_PASSWORD')).toEqual({ value: null, isDefault: false, isSecret: true })
  expect(shown.get('KAFKA_SSL_KEY')).toEqual({ value: null, isDefault: true, isSecret: true })
  expect(JSON.stringify(settings)).not.toContain('hunter2')
})

describe.skipIf(certificatesAvailability() !== null)('files', () => {
  const ssl = { KAFKA_SECURITY_PROTOCOL: 'SSL' }
  let own: Certificates
  let other: Certificates

  beforeAll(() => {
    own = makeCertificates(folder, 'own', 'DNS:orders')
    other = makeCertificates(folder, 'other', 'DNS:orders')
    const authority = readFileSync(own.ca, 'utf8')
    writeFileSync(join(folder, 'two.pem'), authority + readFileSync(other.ca, 'utf8'))
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
    writeFileSync(join(folder, 'half-broken.pem'), authority + broken)
    writeFileSync(join(folder, 'large.pem'), authority)
    truncateSync(join(folder, 'large.pem'), 1024 * 1024 + 1)
  })

  test('are read, several certificates in one too, and from the checkout where their path is relative', () => {
    const environment = { ...ssl, KAFKA_SSL_CA: 'two.pem', KAFKA_SSL_CERT: own.cert, KAFKA_SSL_KEY: own.key }
    const [ca, cert, key] = [join(folder, 'two.pem'), own.cert, own.key].map(path => readFileSync(path, 'utf8'))
    expect(optionsOf(environment).tls).toEqual({ ca, cert, key })
  })

  test.each<[string, () => Record<string, string>, string]>([
    ['a key without its certificate', () => ({ KAFKA_SSL_KEY: own.key }), 'KAFKA_SSL_KEY is set, but KAFKA_SSL_CERT'],
    ['a certificate without its key', () => ({ KAFKA_SSL_CERT: own.cert }), 'KAFKA_SSL_CERT is set, but KAFKA_SSL_KEY'],
    ['the key of another', () => ({ KAFKA_SSL_CERT: own.cert, KAFKA_SSL_KEY: other.key }), 'KAFKA_SSL_KEY must hold'],
    ['a key for a certificate', () => ({ KAFKA_SSL_CERT: own.key, KAFKA_SSL_KEY: own.key }), 'KAFKA_SSL_CERT must be'],
    ['a certificate for a key', () => ({ KAFKA_SSL_CERT: own.cert, KAFKA_SSL_KEY: own.cert }), 'KAFKA_SSL_KEY must be'],
    ['a broken one behind a good one', () => ({ KAFKA_SSL_CA: 'half-broken.pem' }), 'KAFKA_SSL_CA must be'],
    ['one that is too large', () => ({ KAFKA_SSL_CA: 'large.pem' }), 'KAFKA_SSL_CA must be'],
  ])('of the wrong kind are reported by name: %s', (_, changes, beginning) => {
    const problems = problemsOf({ ...ssl, ...changes() })
    expect(problems).toEqual([expect.stringContaining(beginning)])
    expect(problems.join()).not.toContain('BEGIN')
  })

  test('without TLS are reported', () => {
    const beginning = 'is set, but KAFKA_SECURITY_PROTOCOL is PLAINTEXT'
    expect(problemsOf({ KAFKA_SSL_CA: own.ca })).toEqual([`KAFKA_SSL_CA ${beginning}`])
  })
})
