import { nameCharactersMax } from '../access/bodies.ts'
import { digestOf, generateKey } from '../access/keys.ts'
import { insertKey, keysMax, listKeys, readKeys, revokeKey } from '../access/queries.ts'
import { configuredKeys } from '../access/variables.ts'
import { isLoopback } from '../config.ts'
import { scopesOf } from '../module.ts'
import { modules } from '../modules.ts'
import { type Command, CommandError, required, table, UsageError, withDatabase } from './command.ts'

const knownScopes = scopesOf(modules)

const create: Command = {
  name: 'keys create',
  summary: 'create an API key and print it once',
  options: {
    name: { value: 'NAME', meaning: 'a name for the list' },
    scopes: { value: 'A,B', meaning: `its scopes: ${knownScopes.join(', ')}` },
  },
  run(context, values) {
    const name = required(values, 'name')
    if (name.length > nameCharactersMax || /\p{Cc}/u.test(name)) {
      throw new UsageError(`--name has at most ${nameCharactersMax} characters, all of them printable`)
    }
    const scopes = readScopes(required(values, 'scopes'))
    return withDatabase(context, async (_, pool) => {
      const isFirst = (await readKeys(pool)).length === 0 && context.config.value(configuredKeys).length === 0
      const key = generateKey()
      const made = await insertKey(pool, { name, digest: digestOf(key), scopes })
      if (made === undefined) throw new CommandError(`there may be ${keysMax} valid keys: revoke some first`)
      const { id } = made
      const first = isFirst ? ' It is the first: from now on every caller of the API needs a key.' : ''
      return {
        text: key,
        json: { id, name, scopes, key },
        remark: `This is the key ${id}. It is not stored and cannot be shown again.${first}`,
      }
    })
  },
}

function readScopes(text: string): string[] {
  const wanted = [...new Set(text.split(',').map(scope => scope.trim()))]
  const unknown = wanted.filter(scope => !(knownScopes as readonly string[]).includes(scope))
  if (unknown.length > 0) {
    throw new UsageError(`--scopes must be some of ${knownScopes.join(', ')}, with commas, and has "${unknown[0]}"`)
  }
  return wanted
}

const list: Command = {
  name: 'keys list',
  summary: 'list API keys, newest first',
  options: {},
  run: context =>
    withDatabase(context, async (_, pool) => {
      const keys = await listKeys(pool)
      const rows = keys.map(key => [
        key.id,
        key.name,
        key.scopes.join(','),
        key.created_at.toISOString(),
        key.revoked_at?.toISOString() ?? '-',
      ])
      const text = keys.length === 0 ? 'no keys yet' : table(['ID', 'NAME', 'SCOPES', 'CREATED', 'REVOKED'], rows)
      const own = context.config.value(configuredKeys).length
      return { text, json: keys, ...(own === 0 ? {} : { remark: `API_KEYS has ${own} more.` }) }
    }),
}

const revoke: Command = {
  name: 'keys revoke',
  summary: 'revoke an API key',
  operand: 'ID',
  options: {},
  run: (context, _, id) =>
    withDatabase(context, async (_, pool) => {
      const { host } = context.config.server
      const own = context.config.value(configuredKeys).length
      const before = await revokeKey(pool, id, isLoopback(host) || own > 0)
      if (before === 'last') {
        throw new CommandError(
          `it is the last key, and SERVER_HOST is ${host}, which others can reach: make another first`,
        )
      }
      if (before !== 'valid') throw new CommandError(`there is no key ${id} that is valid; see "keys list"`)
      const isOpen = own === 0 && (await readKeys(pool)).length === 0
      const remark = 'It was the last one: a service on a loopback address now serves this machine without keys.'
      return {
        text: `key ${id} is revoked`,
        json: { id, revoked: true },
        ...(isOpen ? { remark } : {}),
      }
    }),
}

export const keyCommands: readonly Command[] = [create, list, revoke]
