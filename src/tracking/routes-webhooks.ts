import { AppError } from '../errors.ts'
import type { Route } from '../platform/http.ts'
import { problemAnswer } from '../platform/openapi.ts'
import { readBody } from '../platform/request-body.ts'
import { traceOf } from '../platform/traceparent.ts'
import type { Carrier } from './carrier.ts'
import { genericReport } from './carriers/generic.ts'
import type { TrackingMetrics } from './metrics.ts'
import type { ReportWriter } from './report-writer.ts'

const sizeBytesMax = 1024 * 1024

export type WebhookOptions = Readonly<{
  carriers: readonly Carrier[]
  /** The secrets of a carrier's webhook; none: it is not set up. */
  secretsOf: (carrier: string) => readonly string[]
  /** Whether a carrier without secrets is believed: only this machine can reach the service. */
  isLocal: boolean
  writer: ReportWriter
  now: () => number
  metrics: TrackingMetrics
}>

/** Where carriers report. A report is stored before it is answered. */
export function webhookRoutes(options: WebhookOptions): Route[] {
  const byName = new Map(options.carriers.map(carrier => [carrier.name, carrier]))
  return [
    {
      method: 'POST',
      path: '/api/deliveries/webhooks/:carrier',
      // Each carrier proves in its own way that it sends.
      scope: 'public',
      operation,
      async handle({ request, params: { carrier: name = '' } }) {
        const carrier = byName.get(name)
        const secrets = carrier === undefined ? [] : options.secretsOf(name)
        if (carrier === undefined || (secrets.length === 0 && !options.isLocal))
          throw new AppError('CARRIER_UNKNOWN', 'no carrier of this name is configured')
        const body = await readBody(request, sizeBytesMax)
        try {
          checkSender(carrier, request.headers, body, secrets, options.now())
          await store(options, carrier, body, traceOf(request))
        } catch (error) {
          options.metrics.count(name, error instanceof AppError ? error.code : 'INTERNAL')
          throw error
        }
        // DHL and UPS take nothing but 200 for an answer.
        return new Response(null, { status: 200 })
      },
    },
  ]
}

function checkSender(
  carrier: Carrier,
  headers: Parameters<Carrier['verify']>[0],
  body: Uint8Array,
  secrets: readonly string[],
  nowMs: number,
): void {
  if (secrets.length > 0 && !carrier.verify(headers, body, secrets, nowMs))
    throw new AppError('WEBHOOK_SIGNATURE_INVALID', 'the request does not prove that the carrier has sent it')
}

async function store(
  { writer, now, metrics }: WebhookOptions,
  carrier: Carrier,
  body: Uint8Array,
  traceparent: string | undefined,
): Promise<void> {
  const reading = carrier.parse(body)
  if (reading.kind === 'refused')
    throw new AppError('TRACKING_INVALID', 'the report is not valid', { violations: reading.violations })
  const receivedAtMs = now()
  const stored = await Promise.all(
    [...Map.groupBy(reading.reports, ({ number }) => number)].map(([number, reports]) =>
      writer.store({ number, reports: reports.map(report => ({ report, receivedAtMs, traceparent })) }),
    ),
  )
  for (const news of stored.flat()) {
    metrics.count(carrier.name, news.checkpoints > 0 ? 'new' : 'repeated')
    metrics.stored(carrier.name, news)
  }
}

const operation = {
  operationId: 'receiveCarrierReport',
  summary: 'Receive a report of a carrier',
  description:
    'For carriers and aggregators (ups, fedex, dhl, dpd, usps, easypost, aftership), in their own form, and generic in the form below. ' +
    'A report is stored before it is answered; the same again has no effect. Parcels that no shipment has are kept, and attached when one ' +
    'gets their number.',
  tags: ['tracking'],
  requestBody: {
    required: true,
    description: "The report; for another carrier than generic in the carrier's own form",
    content: { 'application/json': { schema: genericReport } },
  },
  responses: {
    200: { description: 'Stored; the body is empty' },
    400: problemAnswer('The signature or the form is wrong'),
    404: problemAnswer('No such carrier is configured'),
    413: problemAnswer('The body is too large'),
    503: problemAnswer('The order of the parcel is being changed, or too many reports wait'),
  },
}
