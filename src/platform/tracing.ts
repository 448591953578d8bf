/**
 * What the service tells a collector of traces about its work. Whoever can be traced takes a `Tracer | undefined`: undefined is
 * tracing switched off, so `tracer?.begin(…)` costs one comparison, and not even its arguments are made. Spans are handed on
 * as `traceparent`s, which requests, orders and events carry anyway: no context follows promises around.
 */
export type Tracer = {
  /** Begins a span; without a parent, a trace. */
  begin(name: string, options?: SpanOptions): Span
  /**
   * Begins the span of work that several traces have in common, such as a transaction for many orders. It is a child in the
   * first of them that is sampled, so that a single one can be followed as one tree and the sampling of the caller decides,
   * and has links to the others, as far as a span can have them.
   *
   * @param causes what the work is done for; those that are the same count once
   * @returns undefined when none of them is sampled: then nobody would look at it
   */
  beginFor(name: string, causes: readonly Cause[], options?: SpanOptions): Span | undefined
}

/** The `traceparent` of what a span is caused by; undefined or null where it has none. */
export type Cause = string | null | undefined

export type SpanOptions = {
  /** `internal` unless given. */
  kind?: SpanKind
  parent?: Cause
  links?: readonly string[]
  attributes?: Attributes
  /** In milliseconds since 1970; now unless given. */
  startedAtMs?: number
}

/** Who takes part: server and client of a request, producer and consumer of a message, or nobody else. */
export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer'

/** Named as OpenTelemetry's semantic conventions say; nothing of recipients, no keys. */
export type Attributes = Readonly<Record<string, string | number | boolean>>

/** A piece of work with its time. */
export type Span = {
  /** The parent of what it leads to (W3C Trace Context). */
  readonly traceparent: string
  /** Whether it is recorded at all. */
  readonly isSampled: boolean
  set(attributes: Attributes): void
  /** Marks it as failed. @param reason the kind of error, `error.type` of the conventions */
  fail(reason: string): void
  end(): void
}

/** How many spans were delivered to the collector, refused or not answered by it, or dropped since too many waited. */
export type SpanCounts = { exported: number; failed: number; dropped: number }

/** Whether a trace is recorded, as the one who began it has decided. */
export function isSampled(traceparent: Cause): traceparent is string {
  // The flags are the last two of its 55 characters, and sampled is the lowest bit.
  return traceparent != null && (Number.parseInt(traceparent.charAt(54), 16) & 1) === 1
}

/** Works within a span, which ends with the work and fails with it; without a span just works. */
export async function within<Result>(span: Span | undefined, work: () => Promise<Result>): Promise<Result> {
  if (span === undefined) return work()
  try {
    return await work()
  } catch (error) {
    span.fail(kindOf(error))
    throw error
  } finally {
    span.end()
  }
}

/** What kind of error it is; not its message, which may quote what it is about. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
