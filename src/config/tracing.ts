import { readTracingSettings, samplers, type TracingSettings } from '../platform/tracing-settings.ts'
import { textVariable, type Variable } from '../platform/variables.ts'
import type { Settings } from './settings.ts'

/** The variables of tracing: OpenTelemetry's own. Without a collector none of them is read. */
export const tracingVariables: readonly Variable[] = (
  [
    [
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      '',
      'collector of traces, such as http://localhost:4318; without it nothing is traced',
    ],
    ['OTEL_EXPORTER_OTLP_HEADERS', '', 'headers for it, such as keys: name=value, several with commas'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'http/json', 'how spans are sent; http/json is the only way'],
    ['OTEL_SERVICE_NAME', 'orders', 'what traces call the service'],
    ['OTEL_RESOURCE_ATTRIBUTES', '', 'what else they say of it: name=value, several with commas'],
    ['OTEL_TRACES_SAMPLER', 'parentbased_always_on', `which traces: one of ${samplers.join(', ')}`],
    ['OTEL_TRACES_SAMPLER_ARG', '1', 'the share of them, from 0 to 1, for the samplers by ratio'],
  ] as const
).map(([name, preset, meaning]) => textVariable({ name, preset, meaning, page: 'tracing.md' }))

/** @param report is called with each problem, a sentence without secrets */
export function readTracing(settings: Settings, report: (problem: string) => void): TracingSettings | undefined {
  const text = (name: string) =>
    settings.given(name) ?? tracingVariables.find(variable => variable.name === name)?.preset ?? ''
  return readTracingSettings(
    text,
    (name, expected) => report(`${name} must be ${expected}, and is "${text(name)}"`),
    (name, expected) => report(`${name} must be ${expected}`),
  )
}
