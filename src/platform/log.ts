import { type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino'

/** A structured logger: `log.info({ fields }, 'sentence')`. */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'> & {
  child(bindings: Record<string, unknown>): Logger
}

/** What must never reach a log, wherever in a logged object it sits: recipients' data and keys. */
const redacted = ['authorization', 'password', 'key', 'secret', 'delivery', 'document', 'body', 'email', 'phone']

/**
 * A logger that writes one JSON object a line.
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
 * What is logged of an error. Of all its other fields nothing: the database's errors carry the rows they are about
 * (`detail`, `where`), recipients' data among them.
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
