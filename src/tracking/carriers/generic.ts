import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { readJson } from '../../platform/json.ts'
import { type Carrier, type Meaning, Reports } from '../carrier.ts'
import { type ReportedCheckpoint, zoneOf } from '../checkpoint.ts'
import { cleanText } from '../json-fields.ts'
import { readLocalTime, readOffset } from '../local-time.ts'
import { isHmacOf } from '../signatures.ts'
import { type TrackingStatus, trackingStatuses } from '../tracking-status.ts'
import { trackingStatus } from '../views.ts'

/** Reports in our own form: for carriers that have no file here, for imports, and on Kafka. */

const isStatus = (text: string): text is TrackingStatus => (trackingStatuses as readonly string[]).includes(text)

const genericCheckpoint = Type.Object(
  {
    id: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: "The carrier's id of the checkpoint" })),
    code: Type.String({ minLength: 1, maxLength: 64, description: "The carrier's code, kept as it is" }),
    // What the code means; the code itself if left out.
    status: Type.Optional(trackingStatus),
    reason: Type.Optional(
      Type.String({
        pattern: '^(carrier|customs|consignee|weather)_[a-z_]{1,50}$',
        description: 'Why: carrier_…, customs_…, consignee_… or weather_…',
      }),
    ),
    occurred_local: Type.String({
      maxLength: 40,
      description: 'By the clock of the place, such as 2026-11-28T09:30:00; a Z behind it says nothing of the zone',
    }),
    zone: Type.Optional(
      Type.String({ maxLength: 6, description: 'The offset of that clock, such as +02:00, if it is known' }),
    ),
    place: Type.Optional(Type.String({ maxLength: 200 })),
    text: Type.Optional(Type.String({ maxLength: 500, description: "The carrier's words" })),
  },
  { title: 'ReportedCheckpoint', additionalProperties: false },
)

export const genericReport = Type.Object(
  {
    tracking_number: Type.String({ minLength: 1, maxLength: 100 }),
    carrier: Type.Optional(Type.String({ maxLength: 64, description: 'Who carries the parcel' })),
    estimated_delivery_at: Type.Optional(
      Type.String({ maxLength: 40, description: 'When the carrier expects to deliver it, an RFC 3339 time' }),
    ),
    checkpoints: Type.Array(genericCheckpoint, {
      maxItems: 1_000,
      description: 'The list as the carrier has it, newest or oldest first; the same again has no effect',
    }),
  },
  { title: 'TrackingReport', additionalProperties: false },
)

const contract = Compile(genericReport)

/** How far the time of a signature may be from ours, in seconds. */
const toleranceSeconds = 300

export const generic: Carrier = {
  name: 'generic',
  proof: 'a signature after Standard Webhooks 1.0 by a secret that begins with whsec_',
  verify(headers, body, secrets, nowMs) {
    const id = headers.get('webhook-id')
    const timestamp = headers.get('webhook-timestamp')
    if (id === null || timestamp === null || !/^\d{1,12}$/.test(timestamp)) return false
    if (Math.abs(Number(timestamp) - nowMs / 1000) > toleranceSeconds) return false
    const keys = secrets.map(secret => Buffer.from(secret.replace(/^whsec_/, ''), 'base64'))
    const given = (headers.get('webhook-signature') ?? '').split(' ').slice(0, 10)
    return given.some(
      one => one.startsWith('v1,') && isHmacOf(one.slice(3), [`${id}.${timestamp}.`, body], keys, ['base64']),
    )
  },
  parse(body) {
    const reading = readJson(contract, body, { expected: 'must be a JSON object with tracking_number and checkpoints' })
    if (reading.kind === 'refused') return reading
    const { tracking_number: number, carrier = '', estimated_delivery_at: estimated, checkpoints } = reading.value
    const reports = new Reports()
    const expected = estimated === undefined ? undefined : readLocalTime(estimated)
    const offset = expected?.offsetMinutes ?? (expected?.hasZ === true ? 0 : undefined)
    if (estimated !== undefined && offset === undefined)
      reports.refuse('/estimated_delivery_at', 'must be an RFC 3339 time, such as 2026-11-28T18:00:00+02:00')
    for (const [index, { zone }] of checkpoints.entries())
      if (zone !== undefined && readOffset(zone) === undefined)
        reports.refuse(`/checkpoints/${index}/zone`, 'must be an offset, such as +02:00')
    const estimatedDeliveryAtMs =
      expected === undefined || offset === undefined ? undefined : expected.localMs - offset * 60_000
    reports.add({ number, carrier, pointer: '/checkpoints', estimatedDeliveryAtMs }, checkpoints, readCheckpoint)
    return reports.reading()
  },
}

function readCheckpoint(given: Static<typeof genericCheckpoint>): ReportedCheckpoint | undefined {
  const time = readLocalTime(given.occurred_local)
  if (time === undefined) return undefined
  const { id = '', place = '', text = '', zone: offset } = given
  const { status, reason } = meaningOf(given)
  const { zone, offsetMinutes } = zoneOf(time, offset === undefined ? {} : { offset })
  return {
    id: cleanText(id),
    code: cleanText(given.code),
    status,
    reason,
    localMs: time.localMs,
    zone,
    offsetMinutes,
    place: cleanText(place),
    text: cleanText(text),
  }
}

function meaningOf({ code, status, reason = '' }: Static<typeof genericCheckpoint>): Meaning {
  return { status: status ?? (isStatus(code) ? code : 'unknown'), reason }
}
