import { choiceVariable, integerVariable, textVariable, type Variable } from '../platform/variables.ts'

/** The variables of the HTTP server and of the log. */

export const logLevels = ['debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

export const serverHost = textVariable({
  name: 'SERVER_HOST',
  preset: '127.0.0.1',
  meaning: 'address to listen on; any but loopback needs an API key',
})

export const serverPort = integerVariable(
  { name: 'SERVER_PORT', preset: '8080', meaning: 'port to listen on' },
  0,
  65535,
)

export const basePath: Variable<string> = {
  name: 'BASE_PATH',
  preset: '',
  meaning: 'path that a proxy in front leaves on, such as /shop; none if it takes it off',
  page: 'reverse-proxy.md',
  read({ text, wrong }) {
    const path = text.replace(/\/$/, '')
    if (!/^(\/[\w.~-]+)*$/.test(path)) wrong('a path such as /shop')
    return path
  },
}

export const logLevel = choiceVariable(
  { name: 'LOG_LEVEL', preset: 'info', meaning: `one of ${logLevels.join(', ')}` },
  logLevels,
)

export const serverVariables: readonly Variable[] = [serverHost, serverPort, basePath, logLevel]
