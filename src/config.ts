import { connectionsMax, databaseVariables, dataDir, readDatabase } from './config/database.ts'
import { type KafkaConfig, kafkaVariables, readKafka } from './config/kafka.ts'
import { basePath, logLevel, type logLevels, serverHost, serverPort, serverVariables } from './config/server.ts'
import { type Environment, readSettings } from './config/settings.ts'
import { readTracing, tracingVariables } from './config/tracing.ts'
import { type Module, scopesOf } from './module.ts'
import type { PostgresAddress } from './platform/postgres.ts'
import type { TracingSettings } from './platform/tracing-settings.ts'
import type { Setting, Values, Variable } from './platform/variables.ts'

/** Everything that can be set, checked and frozen. Made once at start; nothing else reads the environment. */
export type Config = Readonly<{
  server: { host: string; port: number; basePath: string }
  /** Undefined: the service runs its own PostgreSQL in `dataDir`. */
  database: PostgresAddress | undefined
  databaseConnectionsMax: number
  dataDir: string
  /** Undefined: the service runs without Kafka. */
  kafka: KafkaConfig | undefined
  /** Undefined: nothing is traced. */
  tracing: TracingSettings | undefined
  logLevel: (typeof logLevels)[number]
  /** The value of a variable, for the module that declares it. */
  value: Values['value']
  /** Every variable as it is set, for people. */
  settings: readonly Setting[]
}>

/** Variables that belong together, as the documentation shows them. */
export type VariableGroup = { title: string; variables: readonly Variable[] }

/** Every variable of the service and its modules. */
export function variableGroups(modules: readonly Module[]): VariableGroup[] {
  const ofModules = modules.map(({ title, topics = [], variables = [] }) => ({
    title,
    variables: [...topics.map(({ variable }) => variable), ...variables],
  }))
  return [
    { title: 'Server', variables: serverVariables },
    { title: 'Database', variables: databaseVariables },
    { title: 'Kafka', variables: kafkaVariables },
    ...ofModules.filter(({ variables }) => variables.length > 0),
    { title: 'Tracing', variables: tracingVariables },
  ]
}

/** The same without their groups. */
export function variablesOf(modules: readonly Module[]): Variable[] {
  return variableGroups(modules).flatMap(({ variables }) => variables)
}

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
 * @param modules whose variables are read
 * @param environment usually `process.env`
 * @param root the folder that relative paths are taken from: the checkout
 * @param filesRoot the folder of what comes with the code, when that is another
 * @throws ConfigError with every wrong value at once, by name
 */
export function readConfig(
  modules: readonly Module[],
  environment: Environment,
  root: string,
  filesRoot = root,
): Config {
  const around = { folders: { root, files: filesRoot }, scopes: scopesOf(modules) }
  const settings = readSettings(environment, variablesOf(modules), around)
  const problems = [...settings.problems]
  const report = (problem: string) => problems.push(problem)
  const { value } = settings
  const kafka = readKafka(settings, environment, root, report)
  if (kafka !== undefined) problems.push(...sharedTopics(modules, value))
  const config: Config = {
    server: { host: value(serverHost), port: value(serverPort), basePath: value(basePath) },
    database: readDatabase(settings),
    databaseConnectionsMax: value(connectionsMax),
    dataDir: value(dataDir),
    kafka,
    tracing: readTracing(settings, report),
    logLevel: value(logLevel),
    value,
    settings: settings.shown,
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(config)
}

/** What goes out by a topic must not come in by it again. */
function sharedTopics(modules: readonly Module[], value: Values['value']): string[] {
  const variables = modules.flatMap(({ topics = [] }) => topics.map(({ variable }) => variable))
  if (new Set(variables.map(value)).size === variables.length) return []
  const names = variables.map(({ name }) => name)
  return [`${names.slice(0, -1).join(', ')} and ${names.at(-1)} must be different topics`]
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
