import http, { type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TracingSettings } from '../src/platform/tracing-settings.ts'

/** A span as a collector gets it. */
export type ReceivedSpan = {
  traceId: string
  spanId: string
  parentSpanId: string | undefined
  name: string
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number
  /** 0 unset, 2 error. */
  status: number
  attributes: Record<string, unknown>
  resource: Record<string, unknown>
  links: { traceId: string; spanId: string }[]
  startedAtMs: number
  endedAtMs: number
}

type Value = { stringValue?: string; intValue?: number | string; doubleValue?: number; boolValue?: boolean }
type Pairs = { key: string; value: Value }[]
type WireSpan = Omit<ReceivedSpan, 'attributes' | 'status' | 'links'> & {
  attributes?: Pairs
  status?: { code?: number }
  links?: { traceId: string; spanId: string }[]
  startTimeUnixNano: string
  endTimeUnixNano: string
}
type Request = { resourceSpans: { resource: { attributes: Pairs }; scopeSpans: { spans: WireSpan[] }[] }[] }

export type OtlpReceiver = {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  endpoint: string
  spans: ReceivedSpan[]
  /** The headers of the last request. */
  headers: http.IncomingHttpHeaders
  /** How it answers from now on; 200 unless set. */
  answer: (response: ServerResponse) => void
  named(name: string): ReceivedSpan[]
  close(): Promise<void>
}

/** A receiver of traces after the OTLP/HTTP specification, in its JSON encoding. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    receiver.headers = request.headers
    const isMeant = request.method === 'POST' && request.url === '/v1/traces'
    if (!isMeant || request.headers['content-type'] !== 'application/json') return void response.writeHead(404).end()
    receiver.spans.push(...spansOf(JSON.parse(Buffer.concat(chunks).toString())))
    receiver.answer(response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const receiver: OtlpReceiver = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: [],
    headers: {},
    answer: response => void response.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
    named: name => receiver.spans.filter(span => span.name === name),
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return receiver
}

/** The `traceparent` that has a span for its parent. */
export function traceparentOfSpan({ traceId, spanId }: { traceId: string; spanId: string }): string {
  return `00-${traceId}-${spanId}-01`
}

/** Settings by which everything is sent to a receiver that the callers want traced. @param change what is to be otherwise */
export function tracingTo(endpoint: string, change: Partial<TracingSettings> = {}): TracingSettings {
  const common = { headers: {}, serviceName: 'orders', resourceAttributes: {}, ratio: 1 }
  return { endpoint, ...common, sampler: 'parentbased_always_on', ...change }
}

function spansOf({ resourceSpans }: Request): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(span => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId,
        name: span.name,
        kind: span.kind,
        status: span.status?.code ?? 0,
        attributes: valuesOf(span.attributes),
        resource: valuesOf(resource.attributes),
        links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
        startedAtMs: Number(BigInt(span.startTimeUnixNano) / 1_000n) / 1_000,
        endedAtMs: Number(BigInt(span.endTimeUnixNano) / 1_000n) / 1_000,
      })),
    ),
  )
}

function valuesOf(pairs: Pairs = []): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map(({ key, value }) => [
      key,
      value.stringValue ?? value.boolValue ?? value.doubleValue ?? (value.intValue && Number(value.intValue)),
    ]),
  )
}
