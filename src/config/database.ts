import type { PostgresAddress } from '../platform/postgres.ts'
import { absolutePath, integerVariable, textVariable, type Values, type Variable } from '../platform/variables.ts'

/** The variables of the database. */

export const dataDir: Variable<string> = {
  name: 'DATA_DIR',
  preset: 'data',
  meaning: 'folder of the own PostgreSQL, used without DB_HOST',
  read: ({ text, folders }) => absolutePath(folders.root, text),
}

const host: Variable<string | undefined> = {
  name: 'DB_HOST',
  preset: '',
  meaning: 'your PostgreSQL: host, or folder of its socket',
  read: ({ text }) => text || undefined,
}

const needs = 'DB_HOST'
const port = integerVariable({ name: 'DB_PORT', preset: '5432', meaning: 'its port', needs }, 1, 65535)
const user = textVariable({ name: 'DB_USER', preset: 'postgres', meaning: 'user', needs })
const name = textVariable({ name: 'DB_NAME', preset: 'orders', meaning: 'database, which must exist', needs })

const password: Variable<string | undefined> = {
  name: 'DB_PASSWORD',
  preset: '',
  meaning: 'password',
  isSecret: true,
  needs,
  // Spaces may be part of it.
  read: ({ exact }) => exact || undefined,
}

export const connectionsMax = integerVariable(
  { name: 'DB_CONNECTIONS_MAX', preset: '10', meaning: 'connections at a time, beside four that listen' },
  4,
  1000,
)

export const databaseVariables: readonly Variable[] = [dataDir, host, port, user, password, name, connectionsMax]

/** The database that is configured; undefined: the service runs its own PostgreSQL in `DATA_DIR`. */
export function readDatabase({ value }: Values): PostgresAddress | undefined {
  const at = value(host)
  if (at === undefined) return undefined
  return { host: at, port: value(port), user: value(user), password: value(password), database: value(name) }
}
