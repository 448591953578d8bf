import { randomUUID } from 'node:crypto'
import type { Context as OtelContext, Span as OtelSpan, SpanContext, SpanOptions } from '@opentelemetry/api'
import type { ReadableSpan, Sampler, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace'
import { settledWithin } from './deadline.ts'
import { withoutTrailingSlashes } from './links.ts'
import type { Logger } from './log.ts'
import { type Cause, isSampled, type Span, type SpanCounts, type SpanKind, type Tracer } from './tracing.ts'
import type { TracingSettings } from './tracing-settings.ts'

/** Tracing that is switched on. */
export type Tracing = {
  tracer: Tracer
  counts(): SpanCounts
  /** Sends waiting spans and shuts down; after the deadline the rest is dropped. */
  close(deadlineMs: number): Promise<void>
}

/** Spans in memory at most, waiting and under way: some megabytes. Those beyond are dropped and counted. */
const spansHeldMax = 2_048
const spansSentTogetherMax = 512
const sendEveryMs = 1_000
/** How long an export may take, retries included; the library's own bound is longer. */
const exportTimeoutMs = 5_000
/** OpenTelemetry's default bound for links, and one for texts: a sender chooses the length of a path. */
const linksMax = 128
const attributeCharactersMax = 1_024

/**
 * Starts to export spans to a collector by OTLP, as JSON over HTTP. The library is loaded only here, so a service without tracing does
 * not pay for it. There is no global tracer and no context that follows promises: the parent of a span is passed explicitly.
 *
 * A collector that is down, slow or refuses costs spans and nothing else: exports are bounded in number and time.
 */
export async function startTracing(settings: TracingSettings, version: string, log: Logger): Promise<Tracing> {
  const [api, sdk, { OTLPTraceExporter }, resources] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ])
  const exporter = new OTLPTraceExporter({
    url: `${withoutTrailingSlashes(settings.endpoint)}/v1/traces`,
    headers: { ...settings.headers },
    timeoutMillis: exportTimeoutMs,
  })
  const counts: SpanCounts = { exported: 0, failed: 0, dropped: 0 }
  const holding = { spans: 0 }
  const processor = bounded(
    new sdk.BatchSpanProcessor({
      exporter: counting(exporter, counts, holding, log),
      maxQueueSize: spansHeldMax,
      maxExportBatchSize: spansSentTogetherMax,
      scheduledDelayMillis: sendEveryMs,
      exportTimeoutMillis: 2 * exportTimeoutMs,
    }),
    counts,
    holding,
  )
  const provider = new sdk.TracerProvider({
    resource: resources.defaultResource().merge(
      resources.resourceFromAttributes({
        'service.version': version,
        'service.instance.id': randomUUID(),
        ...settings.resourceAttributes,
        'service.name': settings.serviceName,
      }),
    ),
    sampler: samplerOf(settings, sdk),
    spanLimits: { linkCountLimit: linksMax, attributeValueLengthLimit: attributeCharactersMax },
    spanProcessors: [processor],
  })
  return {
    tracer: tracerOf(api, provider.getTracer('orders', version)),
    counts: () => counts,
    async close(deadlineMs) {
      // Spans that could not be sent have been counted and logged; they do not hold up an orderly stop.
      await settledWithin(provider.shutdown(), deadlineMs).catch(() => undefined)
    },
  }
}

type Api = typeof import('@opentelemetry/api')

function samplerOf({ sampler, ratio }: TracingSettings, sdk: typeof import('@opentelemetry/sdk-trace')): Sampler {
  const root = sampler.endsWith('always_off')
    ? new sdk.AlwaysOffSampler()
    : sampler.endsWith('always_on')
      ? new sdk.AlwaysOnSampler()
      : new sdk.TraceIdRatioBasedSampler(ratio)
  return sampler.startsWith('parentbased_') ? new sdk.ParentBasedSampler({ root }) : root
}

/** Bounds the spans in memory and counts those that are dropped; the library bounds only those that wait, and counts none. */
function bounded(processor: SpanProcessor, counts: SpanCounts, holding: { spans: number }): SpanProcessor {
  return {
    onStart: (span, context) => processor.onStart(span, context),
    onEnd(span) {
      if (holding.spans >= spansHeldMax) {
        counts.dropped += 1
        return
      }
      holding.spans += 1
      processor.onEnd(span)
    },
    forceFlush: () => processor.forceFlush(),
    shutdown: () => processor.shutdown(),
  }
}

/** Counts the outcomes of spans, and logs when the collector stops accepting them, and when it accepts them again. */
function counting(exporter: SpanExporter, counts: SpanCounts, holding: { spans: number }, log: Logger): SpanExporter {
  let isFailing = false
  return {
    export(spans: ReadableSpan[], done) {
      exporter.export(spans, result => {
        holding.spans -= spans.length
        // 0 is success in the library's enumeration.
        const hasFailed = result.code !== 0
        counts[hasFailed ? 'failed' : 'exported'] += spans.length
        // Not the error itself, which holds the collector's whole response.
        const reason = result.error?.message
        if (hasFailed && !isFailing) log.warn({ reason }, 'the collector accepts no spans; they are dropped')
        if (!hasFailed && isFailing) log.info('the collector accepts spans again')
        isFailing = hasFailed
        done(result)
      })
    },
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  }
}

function tracerOf(api: Api, tracer: ReturnType<Api['trace']['getTracer']>): Tracer {
  const kinds: Record<SpanKind, number> = {
    internal: api.SpanKind.INTERNAL,
    server: api.SpanKind.SERVER,
    client: api.SpanKind.CLIENT,
    producer: api.SpanKind.PRODUCER,
    consumer: api.SpanKind.CONSUMER,
  }
  const contextOf = (parent: Cause, isRemote: boolean): OtelContext =>
    parent == null ? api.ROOT_CONTEXT : api.trace.setSpanContext(api.ROOT_CONTEXT, toSpanContext(parent, isRemote))
  const begin: Tracer['begin'] = (name, { kind = 'internal', parent, links = [], attributes, startedAtMs } = {}) => {
    const options: SpanOptions = { kind: kinds[kind] }
    if (links.length > 0) {
      options.links = links.slice(0, linksMax).map(link => ({ context: toSpanContext(link, false) }))
    }
    if (attributes !== undefined) options.attributes = attributes
    if (startedAtMs !== undefined) options.startTime = startedAtMs
    return toSpan(tracer.startSpan(name, options, contextOf(parent, kind === 'server' || kind === 'consumer')), api)
  }
  return {
    begin,
    beginFor(name, causes, options) {
      const [parent, ...links] = new Set(causes.filter(isSampled))
      return parent === undefined ? undefined : begin(name, { ...options, parent, links })
    },
  }
}

/** @param traceparent one read by `readTraceparent`, or of an own span; isRemote: it came from outside */
function toSpanContext(traceparent: string, isRemote: boolean): SpanContext {
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-')
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote }
}

function toSpan(span: OtelSpan, api: Api): Span {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return {
    get traceparent() {
      return `00-${traceId}-${spanId}-0${traceFlags & 1}`
    },
    isSampled: (traceFlags & 1) === 1,
    set: attributes => void span.setAttributes(attributes),
    fail(reason) {
      span.setAttribute('error.type', reason)
      span.setStatus({ code: api.SpanStatusCode.ERROR })
    },
    end: () => span.end(),
  }
}
