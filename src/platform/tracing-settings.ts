/** OpenTelemetry's samplers; the `parentbased` ones follow the caller's decision. */
export const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const

export type TracingSettings = Readonly<{
  /** The collector's URL; `/v1/traces` is appended. */
  endpoint: string
  headers: Readonly<Record<string, string>>
  serviceName: string
  resourceAttributes: Readonly<Record<string, string>>
  sampler: (typeof samplers)[number]
  /** From 0 to 1, for the samplers by ratio. */
  ratio: number
}>

/** OpenTelemetry's own names, so that settings for all services apply to this one too. */
type Name =
  | 'OTEL_EXPORTER_OTLP_ENDPOINT'
  | 'OTEL_EXPORTER_OTLP_HEADERS'
  | 'OTEL_EXPORTER_OTLP_PROTOCOL'
  | 'OTEL_SERVICE_NAME'
  | 'OTEL_RESOURCE_ATTRIBUTES'
  | 'OTEL_TRACES_SAMPLER'
  | 'OTEL_TRACES_SAMPLER_ARG'

/**
 * Reads the settings of tracing.
 *
 * @param text the value of a variable, or its default
 * @param wrong called for each invalid variable, with what it must be
 * @param secretWrong the same for one whose value may hold a secret, and is not shown
 * @returns undefined without an endpoint: then the other variables, which may be set for all services, are ignored
 */
export function readTracingSettings(
  text: (name: Name) => string,
  wrong: (name: Name, expected: string) => void,
  secretWrong: (name: Name, expected: string) => void,
): TracingSettings | undefined {
  const endpoint = text('OTEL_EXPORTER_OTLP_ENDPOINT')
  if (endpoint === '') return undefined
  const pairs = 'name=value, several with commas, percent-encoded'
  if (!/^https?:$/.test(URL.parse(endpoint)?.protocol ?? '')) {
    secretWrong('OTEL_EXPORTER_OTLP_ENDPOINT', 'an address with http:// or https://')
  }
  if (text('OTEL_EXPORTER_OTLP_PROTOCOL') !== 'http/json') {
    wrong('OTEL_EXPORTER_OTLP_PROTOCOL', 'http/json, which collectors take at port 4318')
  }
  const headers = readPairs(text('OTEL_EXPORTER_OTLP_HEADERS'))
  if (headers === undefined) secretWrong('OTEL_EXPORTER_OTLP_HEADERS', pairs)
  const resourceAttributes = readPairs(text('OTEL_RESOURCE_ATTRIBUTES'))
  if (resourceAttributes === undefined) wrong('OTEL_RESOURCE_ATTRIBUTES', pairs)
  const sampler = samplers.find(name => name === text('OTEL_TRACES_SAMPLER'))
  if (sampler === undefined) wrong('OTEL_TRACES_SAMPLER', `one of ${samplers.join(', ')}`)
  const ratio = Number(text('OTEL_TRACES_SAMPLER_ARG'))
  if (!(ratio >= 0 && ratio <= 1)) wrong('OTEL_TRACES_SAMPLER_ARG', 'a number from 0 to 1')
  return {
    endpoint,
    headers: headers ?? {},
    serviceName: text('OTEL_SERVICE_NAME'),
    resourceAttributes: resourceAttributes ?? {},
    sampler: sampler ?? 'always_off',
    ratio,
  }
}

/** @returns undefined when it is not a list of pairs */
function readPairs(text: string): Record<string, string> | undefined {
  const entries = text.split(',').filter(entry => entry.trim() !== '')
  const pairs = entries.map(entry => /^\s*([^=\s]+)\s*=(.*)$/.exec(entry)?.slice(1) ?? [])
  try {
    if (pairs.some(([name]) => name === undefined)) return undefined
    return Object.fromEntries(
      pairs.map(([name = '', value = '']) => [decodeURIComponent(name), decodeURIComponent(value.trim())]),
    )
  } catch {
    return undefined
  }
}
