/**
 * Creates spans. Traced code takes a `Tracer | undefined`; undefined means that tracing is off, so `tracer?.begin(…)` costs one
 * comparison and does not evaluate its arguments. Spans are passed on as `traceparent`s, which requests, orders and events carry
 * anyway: no context follows promises.
 */
export type Tracer = {
  /** Begins a span; without a parent, a new trace. */
  begin(name: string, options?: SpanOptions): Span
  /**
   * Begins the span of work that several traces share, such as a transaction for many orders. It is a child in the first of them that
   * is sampled, so that a single order can be followed as one tree and the caller's sampling decides, and has links to the others, as
   * many as a span can have.
   *
   * @param causes what the work is done for; equal ones count once
   * @returns undefined when none of them is sampled
   */
  beginFor(name: string, causes: readonly Cause[], options?: SpanOptions): Span | undefined
}

/** The `traceparent` of a span's cause; undefined or null where it has none. */
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

/** Server or client of a request, producer or consumer of a message, or internal work. */
export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer'

/** Named by OpenTelemetry's semantic conventions; no recipients' data, no keys. */
export type Attributes = Readonly<Record<string, string | number | boolean>>

/** A timed piece of work. */
export type Span = {
  /** The parent of the work that it causes (W3C Trace Context). */
  readonly traceparent: string
  /** Whether it is recorded at all. */
  readonly isSampled: boolean
  set(attributes: Attributes): void
  /** Marks it as failed. @param reason the kind of error, `error.type` of the conventions */
  fail(reason: string): void
  end(): void
}

/** How many spans were exported, refused or not answered by the collector, or dropped since too many waited. */
export type SpanCounts = { exported: number; failed: number; dropped: number }

/** Whether a trace is sampled, as decided where it began. */
export function isSampled(traceparent: Cause): traceparent is string {
  // The flags are the last two of its 55 characters, and sampled is the lowest bit.
  return traceparent != null && (Number.parseInt(traceparent.charAt(54), 16) & 1) === 1
}

/** Runs `work` in a span, which ends and fails with it; without a span just runs it. */
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

/** Returns the kind of an error; not its message, which may quote data. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
