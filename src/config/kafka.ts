import { type KafkaSecurity, readKafkaSecurity } from '../platform/kafka/security.ts'
import { absolutePath, textVariable, type Variable } from '../platform/variables.ts'
import type { Environment, Settings } from './settings.ts'

/** The variables of the way to Kafka; topics belong to the modules that use them. */

export type KafkaConfig = Readonly<{
  brokers: string[]
  /** Undefined: in the clear, and without a login. */
  security: KafkaSecurity | undefined
  groupId: string
}>

const brokers: Variable<string[]> = {
  name: 'KAFKA_BROKERS',
  preset: '',
  meaning: 'your Kafka: host:port, several with commas',
  read({ text, isSet, wrong }) {
    const addresses = text.split(',').map(broker => broker.trim())
    if (isSet && !addresses.every(isHostAndPort)) wrong('host:port, several with commas')
    return addresses
  },
}

const needs = brokers.name
const text = (name: string, preset: string, meaning: string) => textVariable({ name, preset, meaning, needs })
const groupId = text('KAFKA_GROUP_ID', 'orders_group', 'consumer group of the service')

export const kafkaVariables: readonly Variable[] = [
  brokers,
  {
    ...text('KAFKA_SECURITY_PROTOCOL', 'PLAINTEXT', 'how to speak to it: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL'),
    page: 'kafka.md',
  },
  text('KAFKA_SASL_MECHANISM', '', 'how to log in with SASL_…: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512'),
  text('KAFKA_SASL_USERNAME', '', 'user for that'),
  { ...text('KAFKA_SASL_PASSWORD', '', 'password for that'), isSecret: true },
  text('KAFKA_SSL_CA', '', 'PEM file of the authorities to trust with …SSL, instead of the public ones'),
  text('KAFKA_SSL_CERT', '', 'PEM file of a certificate to show to the brokers, with those above it'),
  text('KAFKA_SSL_KEY', '', 'PEM file of its key, without a passphrase'),
  groupId,
]

/**
 * The Kafka that is configured; undefined: the service runs without.
 *
 * @param root the folder that relative paths start from
 * @param report is called with each problem of the security, a sentence without secrets
 */
export function readKafka(
  settings: Settings,
  environment: Environment,
  root: string,
  report: (problem: string) => void,
): KafkaConfig | undefined {
  if (settings.given(brokers.name) === undefined) return undefined
  return {
    brokers: settings.value(brokers),
    security: readKafkaSecurity({
      // Like that of the database: its spaces may be part of it.
      given: name => (name === 'KAFKA_SASL_PASSWORD' ? environment[name] || undefined : settings.given(name)),
      absolute: path => absolutePath(root, path),
      report,
    }),
    groupId: settings.value(groupId),
  }
}

function isHostAndPort(text: string): boolean {
  const port = Number(/^[^\s:]+:(\d{1,5})$|^\[[0-9a-fA-F:]+\]:(\d{1,5})$/.exec(text)?.slice(1).find(Boolean))
  return port >= 1 && port <= 65535
}
