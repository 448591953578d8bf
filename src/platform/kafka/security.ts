import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'

const protocols = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] as const
const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const

/** How to connect to brokers. Without `tls` unencrypted, without `sasl` without a login. */
export type KafkaSecurity = Readonly<{
  /** PEM texts. `ca`: the authorities to trust instead of the usual ones; `cert` and `key`: the client certificate. */
  tls: Readonly<{ ca?: string; cert?: string; key?: string }> | undefined
  sasl: Readonly<{ mechanism: (typeof mechanisms)[number]; username: string; password: string }> | undefined
}>

const saslNames = ['KAFKA_SASL_MECHANISM', 'KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'] as const
const tlsNames = ['KAFKA_SSL_CA', 'KAFKA_SSL_CERT', 'KAFKA_SSL_KEY'] as const
type Name = 'KAFKA_SECURITY_PROTOCOL' | (typeof saslNames)[number] | (typeof tlsNames)[number]

type Settings = Readonly<{
  /** The value of a variable; undefined: it is not set. */
  given(name: Name): string | undefined
  /** A path from the root of the file system, for one that a variable has. */
  absolute(path: string): string
  /** Called for each problem, with a sentence without secrets. */
  report(problem: string): void
}>

/** The CA bundle of a whole system has a quarter of this size. */
const fileBytesMax = 1024 * 1024

/**
 * Reads how to connect to brokers, and the files needed for it. A setting without an effect is a problem too: an operator who sets a
 * password wants it to be used.
 *
 * @returns undefined without TLS and login; invalid settings are left out
 */
export function readKafkaSecurity(settings: Settings): KafkaSecurity | undefined {
  const { given, report } = settings
  const named = given('KAFKA_SECURITY_PROTOCOL')
  const protocol = named === undefined ? 'PLAINTEXT' : oneOf(settings, 'KAFKA_SECURITY_PROTOCOL', protocols)
  const mechanism = oneOf(settings, 'KAFKA_SASL_MECHANISM', mechanisms)
  const tls = readTls(settings)
  if (protocol === undefined) return undefined

  const [isSasl, isTls] = [protocol.startsWith('SASL_'), protocol.endsWith('SSL')]
  for (const name of [...(isSasl ? [] : saslNames), ...(isTls ? [] : tlsNames)]) {
    if (given(name) !== undefined) report(`${name} is set, but KAFKA_SECURITY_PROTOCOL is ${protocol}`)
  }
  for (const name of isSasl ? saslNames : []) {
    if (given(name) === undefined) report(`${name} must be set, since KAFKA_SECURITY_PROTOCOL is ${protocol}`)
  }
  const [username, password] = [given('KAFKA_SASL_USERNAME'), given('KAFKA_SASL_PASSWORD')]
  const sasl = isSasl && mechanism && username && password ? { mechanism, username, password } : undefined
  return isSasl || isTls ? { tls: isTls ? tls : undefined, sasl } : undefined
}

function oneOf<Value extends string>(
  { given, report }: Settings,
  name: Name,
  values: readonly Value[],
): Value | undefined {
  const text = given(name)
  const value = values.find(known => known === text?.toUpperCase())
  if (text !== undefined && value === undefined) report(`${name} must be one of ${values.join(', ')}, and is "${text}"`)
  return value
}

function readTls(settings: Settings): KafkaSecurity['tls'] {
  const { given, report } = settings
  const ca = readPem(settings, 'KAFKA_SSL_CA', 'certificates', certificatesOf)
  const cert = readPem(settings, 'KAFKA_SSL_CERT', 'certificates', certificatesOf)
  const key = readPem(settings, 'KAFKA_SSL_KEY', 'a private key without a passphrase', createPrivateKey)
  const isOfCertificate = !cert || !key || cert.content.checkPrivateKey(key.content)
  if (!isOfCertificate) report('KAFKA_SSL_KEY must hold the key of the first certificate in KAFKA_SSL_CERT')
  const [hasCert, hasKey] = [given('KAFKA_SSL_CERT') !== undefined, given('KAFKA_SSL_KEY') !== undefined]
  if (hasCert && !hasKey) report('KAFKA_SSL_CERT is set, but KAFKA_SSL_KEY is not')
  if (hasKey && !hasCert) report('KAFKA_SSL_KEY is set, but KAFKA_SSL_CERT is not')
  return { ...(ca && { ca: ca.pem }), ...(cert && { cert: cert.pem }), ...(key && { key: key.pem }) }
}

/** The content of a file is never shown: it may be a key. */
function readPem<Content extends KeyObject | X509Certificate>(
  { given, absolute, report }: Settings,
  name: (typeof tlsNames)[number],
  what: string,
  parse: (pem: string) => Content,
): { pem: string; content: Content } | undefined {
  const path = given(name)
  if (path === undefined) return undefined
  let pem: string
  try {
    pem = readText(absolute(path))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    report(`${name} must be the path of a PEM file, and it cannot be read: ${reason}`)
    return undefined
  }
  try {
    return { pem, content: parse(pem) }
  } catch {
    report(`${name} must be the path of a PEM file with ${what}, and "${path}" is none`)
    return undefined
  }
}

/** Only regular files: a pipe or a device might never end. */
function readText(path: string): string {
  const stats = statSync(path)
  if (!stats.isFile()) throw new Error(`"${path}" is no file`)
  if (stats.size > fileBytesMax) throw new Error(`"${path}" has more than ${fileBytesMax} bytes`)
  return readFileSync(path, 'utf8')
}

/** @returns the first of them; all are parsed, since TLS would silently skip a broken one */
function certificatesOf(pem: string): X509Certificate {
  const [begin, end] = ['-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----']
  const bodies = pem.split(begin).slice(1)
  const [first] = bodies.map(body => new X509Certificate(`${begin}${body.split(end, 1)[0]}${end}`))
  if (first === undefined) throw new Error('it holds no certificate')
  return first
}
