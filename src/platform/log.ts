import { type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino'

/** A structured logger: `log.info({ fields }, 'sentence')`. */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'> & {
  child(bindings: Record<string, unknown>): Logger
}

/** Fields that must never be logged, at any depth: recipients' data and keys. */
const redacted = ['authorization', 'password', 'key', 'secret', 'delivery', 'document', 'body', 'email', 'phone']

/**
 * Makes a logger that writes one JSON object a line.
 *
 * @param options level: the least severe level written; destination: where to (standard error unless given, so that
 *   standard output stays for what a command prints)
 */
export function createLogger(options: { level: string; destination?: { write(line: string): void } }): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      serializers: { err: describeError, cause: describeError },
      redact: { paths: redacted.flatMap(name => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    },
    options.destination ?? process.stderr,
  )
}

/**
 * Selects the fields of an error to log. The others are left out: errors of the database quote rows (`detail`, `where`), and so
 * recipients' data.
 */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { name, message, stack, cause } = error
  const code = 'code' in error ? error.code : undefined
  return {
    type: name,
    message,
    ...(code === undefined ? {} : { code }),
    stack,
    ...(cause === undefined ? {} : { cause: describeError(cause) }),
  }
}
