import { describe, expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sampleNames, sampleParcels, sampleReports } from '../../test/tracking-samples.ts'
import { type Carrier, tableOf } from './carrier.ts'
import { carriers } from './carriers.ts'
import { instantOf, type ReportedCheckpoint } from './checkpoint.ts'
import { localText } from './local-time.ts'

const root = join(import.meta.dirname, '../..')
const encoder = new TextEncoder()

function carrierOf(name: string): Carrier {
  const carrier = carriers.find(one => one.name === name)
  if (carrier === undefined) throw new Error(`there is no carrier ${name}`)
  return carrier
}

function parse(name: string, message: object): readonly ReportedCheckpoint[] {
  const reading = carrierOf(name).parse(encoder.encode(JSON.stringify(message)))
  if (reading.kind === 'refused') throw new Error(JSON.stringify(reading.violations))
  return reading.reports.flatMap(({ checkpoints }) => checkpoints)
}

/** A checkpoint as a line: status, code, local time, place. */
function lineOf({ status, reason, code, localMs, place }: ReportedCheckpoint): string {
  const meaning = reason === '' ? status : `${status} (${reason})`
  return `${code} ${meaning} ${localText(localMs).slice(0, 16)} ${place}`.trimEnd()
}

describe('real reports', () => {
  for (const name of sampleNames) {
    test(`of ${name} are read as test/samples/tracking-read/${name}.txt says`, () => {
      const parcels = sampleReports().filter(one => one.name === name)
      const read = parcels.map(({ carrier, report }) => `${carrier}\n${report.checkpoints.map(lineOf).join('\n')}\n`)
      expect(read.join('\n')).toBe(readFileSync(join(root, 'test/samples/tracking-read', `${name}.txt`), 'utf8'))
      const events = sampleParcels(name).map(parcel => parcel.events.length)
      expect(parcels.map(({ report }) => report.checkpoints.length)).toEqual(events)
    })
  }
})

describe('times and zones', () => {
  test('UPS gives the same time twice, of which the second says the zone', () => {
    const alert = {
      ...{ trackingNumber: '1Z999AA10123456784', localActivityDate: '20261128', localActivityTime: '093000' },
      ...{ gmtActivityDate: '20261128', gmtActivityTime: '143000' },
      activityLocation: { city: 'Wayne', stateProvince: 'NJ', postalCode: '07470', country: 'US' },
      activityStatus: { type: 'I', code: 'OR', description: 'Origin Scan' },
    }
    const [checkpoint] = parse('ups', alert)
    expect(checkpoint).toMatchObject({ zone: 'known', offsetMinutes: -300, status: 'in_transit' })
    expect(checkpoint && instantOf(checkpoint)).toBe(Date.UTC(2026, 10, 28, 14, 30))
  })

  test('UPS gives the offset with a dot, and it goes before the times', () => {
    const alert = {
      ...{ trackingNumber: '1Z999AA10123456784', localActivityDate: '20261128', localActivityTime: '093000' },
      ...{ gmtActivityDate: '', gmtActivityTime: '', gmtOffset: '-05.00' },
      activityStatus: { type: 'I', code: 'OT', description: 'Out for Delivery' },
    }
    expect(parse('ups', alert)[0]).toMatchObject({
      ...{ zone: 'known', offsetMinutes: -300, status: 'out_for_delivery' },
    })
  })

  test('a Z of an aggregator is not believed, and an offset is', () => {
    const tracker = (datetime: string) => ({
      ...{ object: 'Tracker', tracking_code: 'EZ1000000001', carrier: 'USPS' },
      tracking_details: [{ object: 'TrackingDetail', status: 'in_transit', message: 'Arrived', datetime }],
    })
    const event = { object: 'Event', result: tracker('2026-11-28T09:30:00Z') }
    expect(parse('easypost', event)[0]).toMatchObject({ zone: 'assumed', offsetMinutes: undefined })
    const msg = { tracking_number: '123', slug: 'dhl', checkpoints: [{ tag: 'InTransit', checkpoint_time: '' }] }
    const at = (time: string) => ({ msg: { ...msg, checkpoints: [{ tag: 'InTransit', checkpoint_time: time }] } })
    expect(parse('aftership', at('2026-11-28T09:30:00'))[0]).toMatchObject({ zone: 'unknown' })
    expect(parse('aftership', at('2026-11-28T09:30:00Z'))[0]).toMatchObject({ zone: 'assumed' })
    expect(parse('aftership', at('2026-11-28T09:30:00+08:00'))[0]).toMatchObject({ zone: 'known', offsetMinutes: 480 })
    const local = localText(parse('aftership', at('2026-11-28T09:30:00+08:00'))[0]?.localMs ?? 0)
    expect(local).toBe('2026-11-28T09:30:00')
  })

  test('a time that does not exist is refused with its place, and the number with it', () => {
    const bad = {
      tracking_number: '!',
      checkpoints: [{ code: 'x', occurred_local: '2026-02-30T10:00:00', zone: '+99' }],
    }
    const reading = carrierOf('generic').parse(encoder.encode(JSON.stringify(bad)))
    expect(reading).toEqual({
      kind: 'refused',
      violations: [
        { pointer: '/checkpoints/0/zone', detail: 'must be an offset, such as +02:00' },
        { pointer: '/checkpoints', detail: 'must have a tracking number of 1 to 64 letters and digits' },
      ],
    })
    const late = { tracking_number: '1', checkpoints: [{ code: 'x', occurred_local: '2026-02-30T10:00:00' }] }
    expect(carrierOf('generic').parse(encoder.encode(JSON.stringify(late)))).toMatchObject({
      violations: [{ pointer: '/checkpoints/0' }],
    })
  })
})

describe('codes', () => {
  test('that stand twice in a table keep the service from starting', () => {
    expect(() =>
      tableOf([
        ['delivered', 'OK DL'],
        ['in_transit', 'AR OK'],
      ]),
    ).toThrow('the code OK stands twice')
  })

  test('that nobody knows are kept, and mean nothing', () => {
    const [checkpoint] = parse('generic', {
      tracking_number: '1',
      checkpoints: [{ code: 'Ωß', occurred_local: '2026-11-28' }],
    })
    expect(checkpoint).toMatchObject({ code: 'Ωß', status: 'unknown' })
  })

  test('of a parcel in a shop are not delivered, whatever the carrier calls it', () => {
    const alert = (description: string) => ({
      ...{ trackingNumber: '1Z999AA10123456784', localActivityDate: '20261128', localActivityTime: '093000' },
      activityStatus: { type: 'D', code: '2Q', description },
    })
    expect(parse('ups', alert('Delivered to UPS Access Point'))[0]?.status).toBe('available_for_pickup')
    expect(parse('ups', alert('Delivered'))[0]?.status).toBe('delivered')
    // The type D is of everything around a delivery.
    expect(parse('ups', alert('Loaded on Delivery Vehicle'))[0]).toMatchObject({ status: 'unknown', reason: '' })
    const detail = {
      status: 'delivered',
      status_detail: 'arrived_at_pickup_location',
      datetime: '2026-11-28T09:30:00Z',
    }
    const tracker = { object: 'Tracker', tracking_code: '1', carrier: 'DPD', tracking_details: [detail] }
    expect(parse('easypost', tracker)[0]?.status).toBe('available_for_pickup')
  })
})

test('a code that is known to say nothing of where a parcel is has a reason, and moves nothing', () => {
  const alert = {
    ...{ trackingNumber: '1Z999AA10123456784', localActivityDate: '20261128', localActivityTime: '093000' },
    activityStatus: { type: 'U', code: 'DU', description: 'Updated' },
  }
  expect(parse('ups', alert)[0]).toMatchObject({ status: 'unknown', reason: 'carrier_estimate' })
  const voided = { ...alert, activityStatus: { type: 'MV', code: 'VP', description: 'Voided' } }
  expect(parse('ups', voided)[0]).toMatchObject({ status: 'cancelled' })
  const scanEvents = [{ date: '2026-11-28T09:30:00-05:00', eventType: 'HA' }]
  const trackResults = [{ trackingNumberInfo: { trackingNumber: '123456789012' }, scanEvents }]
  const pushed = { output: { completeTrackResults: [{ trackResults }] } }
  expect(parse('fedex', pushed)[0]).toMatchObject({ status: 'unknown', reason: 'consignee_request' })
})

test('USPS sends a text of JSON in its envelope: the events of a parcel, or one scan', () => {
  const event = {
    eventCode: 'OF',
    eventTimestamp: '2026-11-28T09:30:00',
    GMTOffset: '-05:00',
    eventCity: 'SPRINGFIELD',
  }
  const envelope = (payload: object) => ({
    ...{ subscriptionId: 'a1', subscriptionType: 'TRACKING', timestamp: '2026-11-28T14:31:00Z' },
    payload: JSON.stringify({ trackingNumber: '9400100000000000000000', ...payload }),
  })
  const wanted = [{ status: 'out_for_delivery', zone: 'known', offsetMinutes: -300, place: 'SPRINGFIELD' }]
  expect(parse('usps', envelope({ trackingEvents: [event] }))).toMatchObject(wanted)
  expect(parse('usps', envelope(event))).toMatchObject(wanted)
})

describe('who sends', () => {
  const body = encoder.encode('{"a":1}')
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  const nowMs = Date.UTC(2026, 10, 28)
  const hmac = (encoding: 'hex' | 'base64', content = '{"a":1}', key: string | Buffer = secret) =>
    createHmac('sha256', key).update(content).digest(encoding)
  const seconds = String(nowMs / 1000)
  const signed = hmac('base64', `msg_1.${seconds}.{"a":1}`, Buffer.from(secret.slice(6), 'base64'))
  const proofs: Record<string, Record<string, string>> = {
    generic: { 'webhook-id': 'msg_1', 'webhook-timestamp': seconds, 'webhook-signature': `v1,AAAA v1,${signed}` },
    ups: { credential: secret },
    fedex: { 'fdx-signature': hmac('base64') },
    dhl: { authorization: `Basic ${btoa(`dhl:${secret}`)}` },
    dpd: { authorization: `Basic ${btoa(`dpd:${secret}`)}` },
    usps: { 'x-hmac': hmac('base64', '2026-11-28T00:00:00Z{"a":1}') },
    easypost: { 'x-hmac-signature': `hmac-sha256-hex=${hmac('hex')}` },
    aftership: { 'aftership-hmac-sha256': hmac('base64') },
  }

  /** USPS signs two members of its envelope. */
  const sentBy = (carrier: string, content: string) => {
    const envelope = { timestamp: '2026-11-28T00:00:00Z', payload: content }
    return encoder.encode(carrier === 'usps' ? JSON.stringify(envelope) : content)
  }

  test('FedEx documents base64 and hex for one signature, and both are taken; DHL sends the header that the subscription names', () => {
    const verify = (name: string, headers: Record<string, string>) =>
      carrierOf(name).verify(new Headers(headers), body, [secret], nowMs)
    for (const given of [hmac('base64'), hmac('hex'), hmac('hex').toUpperCase()])
      expect(verify('fedex', { 'fdx-signature': given })).toBe(true)
    expect(verify('fedex', { 'fdx-signature': hmac('base64').toLowerCase() })).toBe(false)
    expect(verify('dhl', { 'x-api-key': secret })).toBe(true)
    expect(verify('dhl', { 'x-api-key': 'another', authorization: `Basic ${btoa(`dhl:${secret}`)}` })).toBe(false)
  })

  for (const carrier of carriers) {
    test(`is proved as ${carrier.name} documents it, by one of two secrets; nothing else is`, () => {
      const proof = proofs[carrier.name] ?? {}
      const own = sentBy(carrier.name, '{"a":1}')
      const verify = (headers: Record<string, string>, secrets: string[], sent = own, atMs = nowMs) =>
        carrier.verify(new Headers(headers), sent, secrets, atMs)
      expect(verify(proof, ['old', secret])).toBe(true)
      expect(verify(proof, ['old'])).toBe(false)
      expect(verify({}, [secret])).toBe(false)
      const empty = Object.fromEntries(Object.keys(proof).map(name => [name, '']))
      expect(verify(empty, [secret])).toBe(false)
      const isOverBody = !['ups', 'dhl', 'dpd'].includes(carrier.name)
      expect(verify(proof, [secret], sentBy(carrier.name, '{"a":2}'))).toBe(!isOverBody)
      if (carrier.name === 'generic') {
        expect(verify(proof, [secret], own, nowMs + 400_000)).toBe(false)
        expect(verify(proof, [secret], own, nowMs - 400_000)).toBe(false)
      }
    })
  }
})
