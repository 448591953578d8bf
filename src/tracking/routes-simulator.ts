import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Route } from '../platform/http.ts'
import { readJsonBody } from '../platform/json.ts'
import { answer, problemAnswer } from '../platform/openapi.ts'
import { type Pool, withConnection } from '../platform/postgres.ts'
import { inOneRoundTrip } from '../platform/round-trip.ts'
import { traceOf } from '../platform/traceparent.ts'
import { normalizeNumber, numberForm } from './checkpoint.ts'
import type { TrackingMetrics } from './metrics.ts'
import { meantParcel } from './parcel.ts'
import { readingParcels } from './parcel-queries.ts'
import { stateOfNothing } from './parcel-state.ts'
import type { ReportWriter } from './report-writer.ts'
import { nextReport, simulatorName } from './simulator.ts'
import { trackingStatus } from './views.ts'

export type SimulatorOptions = Readonly<{
  pool: Pool
  writer: ReportWriter
  now: () => number
  metrics: TrackingMetrics
}>

const stepBody = Type.Object(
  {
    tracking_number: Type.String({ minLength: 1, maxLength: 100 }),
    status: Type.Optional(trackingStatus),
  },
  { title: 'SimulatedStep', additionalProperties: false },
)
const contract = Compile(stepBody)

const stepView = Type.Object(
  { tracking_number: Type.String(), status: trackingStatus },
  { title: 'SimulatedParcel', description: 'A parcel after its step' },
)

/** Where parcels are made to go on, for demonstrations. */
export function simulatorRoutes(options: SimulatorOptions): Route[] {
  return [
    {
      method: 'POST',
      path: '/api/deliveries/simulator',
      scope: 'deliveries:write',
      idempotent: true,
      operation,
      async handle({ request }) {
        const body = await readJsonBody(request, contract, {
          sizeBytesMax: 4096,
          expected: 'must be a JSON object with tracking_number',
          check: checkNumber,
        })
        return Response.json(await step(options, body, traceOf(request)))
      },
    },
  ]
}

function checkNumber(value: unknown) {
  const { tracking_number: number } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >
  const isRight = typeof number !== 'string' || numberForm.test(normalizeNumber(number))
  return isRight ? [] : [{ pointer: '/tracking_number', detail: 'must be 1 to 64 letters and digits' }]
}

async function step(
  { pool, writer, now, metrics }: SimulatorOptions,
  { tracking_number: given, status: wanted }: Static<typeof stepBody>,
  traceparent: string | undefined,
): Promise<Static<typeof stepView>> {
  const number = normalizeNumber(given)
  const [parcels] = await withConnection(pool, client => inOneRoundTrip(client, [readingParcels([number])]))
  const { state } = meantParcel(parcels, simulatorName) ?? parcels[0] ?? { state: stateOfNothing }
  const receivedAtMs = now()
  const report = nextReport(number, state, wanted, receivedAtMs)
  if (report === undefined) return { tracking_number: number, status: state.status }
  const [news] = await writer.store({ number, reports: [{ report, receivedAtMs, traceparent }] })
  metrics.count(simulatorName, 'new')
  if (news !== undefined) metrics.stored(simulatorName, news)
  return { tracking_number: number, status: report.checkpoints[0]?.status ?? state.status }
}

const operation = {
  operationId: 'simulateCarrier',
  summary: 'Have a parcel go a step further',
  description:
    'For demonstrations, where TRACKING_SIMULATOR allows it: as if a carrier had reported the next step of the usual way, or the status that ' +
    'is given. Nothing happens behind the last step.',
  tags: ['tracking'],
  requestBody: { required: true, content: { 'application/json': { schema: stepBody } } },
  responses: {
    200: answer('The parcel after its step', stepView),
    400: problemAnswer('The body is not valid; errors lists all'),
    413: problemAnswer('The body is too large'),
    415: problemAnswer('The body is not JSON'),
    503: problemAnswer('The order of the parcel is being changed, or the database is unavailable'),
  },
}
