import type { Context, Module, Running } from '../module.ts'
import { declareApi } from '../module-api.ts'
import type { HttpRequest } from '../platform/http.ts'
import { callerOf, createAccessCheck, digestOf, KeyRing } from './keys.ts'
import { keysChannel, readKeys } from './queries.ts'
import { keyRoutes } from './routes.ts'
import { configuredKeys } from './variables.ts'

export const accessApi = declareApi<{ keys: KeyRing }>('access')

/** API keys: who may call the service, and for what. */
export const accessModule: Module = {
  name: 'access',
  title: 'Access',
  tables: [{ name: 'api_keys', order: 'id' }],
  erase: { columns: { api_keys: [] } },
  exports: {
    api_keys: { leftOut: 'of those who call the service' },
  },
  variables: [configuredKeys],
  // Keys can have the scopes of modules that are still to come, so that they need not be made again then.
  scopes: ['admin'],
  tags: { 'API keys': 'Who may call the service, and for what' },
  start,
}

function start(context: Context): Running {
  const { pool, systemPool, value, isInStep, isLocal, catalogue, log } = context
  const configured = value(configuredKeys).map(({ key, scopes }) => ({ digest: digestOf(key), scopes }))
  const keys = new KeyRing({ configured, read: () => readKeys(systemPool), isInStep })
  accessApi.offer(context, { keys })
  const caller = (request: HttpRequest) => callerOf(keys, request)
  // A key that was made must reach its owner. What cannot be read now is read for the next request.
  const reload = () => {
    keys.noteChange()
    return keys.load().catch(error => log.warn({ err: error }, 'the API keys could not be read'))
  }
  return {
    routes: keyRoutes({
      pool,
      scopes: catalogue.scopes,
      mayBeLast: isLocal || configured.length > 0,
      callerOf: caller,
      reload,
    }),
    access: { allows: createAccessCheck(keys, isLocal), callerOf: caller, isOpen: () => keys.isEmpty },
    notifications: [{ channel: keysChannel, onNotify: () => void reload() }],
    onInStep: () => void reload(),
    prepare: () => keys.load(),
  }
}
