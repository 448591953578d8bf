import type { HttpRequest } from './http.ts'

/** The header that names the trace of a request or a message (W3C Trace Context), over HTTP and in Kafka alike. */
export const traceparentHeader = 'traceparent'

const name = Buffer.from(traceparentHeader)

/** Version, trace, parent, flags; a future version may add fields after them. */
const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/**
 * Reads the trace of a header, to be sent on. An invalid one is ignored (W3C Trace Context, 3.2.2 and 4.3): another form, version ff, a
 * trace or parent of zeros, several headers. Of a future version the fields of version 00 are sent on, as version 00.
 */
export function readTraceparent(header: string | null): string | undefined {
  if (header === null) return undefined
  const [, version, trace = '', parent = '', flags = '', rest] = form.exec(header.trim()) ?? []
  if (version === undefined || version === 'ff' || /^0+$/.test(trace) || /^0+$/.test(parent)) return undefined
  if (version !== '00') return `00-${trace}-${parent}-0${Number.parseInt(flags, 16) & 1}`
  return rest === undefined ? `00-${trace}-${parent}-${flags}` : undefined
}

/** Reads the trace of a request. */
export function traceOf(request: HttpRequest): string | undefined {
  return readTraceparent(request.headers.get(traceparentHeader))
}

/** Reads the trace of a Kafka message; several such headers name none. */
export function traceparentOf(
  headers: ReadonlyArray<readonly [name: Buffer, value: Buffer | null]>,
): string | undefined {
  if (headers.length === 0) return undefined
  const values = headers.filter(([found]) => found.equals(name)).map(([, value]) => value)
  return values.length === 1 ? readTraceparent(values[0]?.toString('latin1') ?? null) : undefined
}
