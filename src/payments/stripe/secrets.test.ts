import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../../test/app.ts'
import { signStripeEvent } from '../../../test/fake-stripe-events.ts'
import { valuesOf } from '../../../test/settings.ts'

/** The endpoint of Stripe's webhooks while one secret replaces the other. */

setDefaultTimeout(60_000)
const nowMs = Date.parse('2026-11-28T12:00:00Z')
const [oldSecret, newSecret] = ['whsec_before', 'whsec_newest']
const settings = { STRIPE_API_KEY: 'sk_test_fake', STRIPE_API_BASE: 'http://127.0.0.1:9' }

let t: TestApp
let count = 0

beforeAll(async () => {
  const env = { ...settings, STRIPE_WEBHOOK_SECRETS: `${newSecret}, ${oldSecret}` }
  t = await createTestApp({ now: () => nowMs, env })
})
afterAll(() => t.close())

async function send(secret: string, seconds = 0): Promise<string> {
  count += 1
  const intent = { object: 'payment_intent', id: 'pi_1', metadata: { payment_id: 'pay_1' } }
  const event = { id: `evt_${count}`, object: 'event', type: 'payment_intent.succeeded', data: { object: intent } }
  const { header, body } = await signStripeEvent(event, nowMs + seconds * 1000, secret)
  const headers = { 'stripe-signature': header, 'content-type': 'application/json' }
  const response = await t.call('POST', '/api/payments/webhooks/stripe', { body, headers })
  const { rowCount } = await t.pool.query('select from provider_events where event_id = $1', [`evt_${count}`])
  return `${response.status} ${rowCount === 1 ? 'stored' : ((await response.json()) as { code: string }).code}`
}

test('an event is taken by the new secret and by the old one, and by no other', async () => {
  expect(await send(newSecret)).toBe('200 stored')
  expect(await send(oldSecret)).toBe('200 stored')
  expect(await send('whsec_unknown')).toBe('400 WEBHOOK_SIGNATURE_INVALID')
})

describe('the time of a signature', () => {
  test.each([
    [-301, '400 WEBHOOK_SIGNATURE_INVALID'],
    [-300, '200 stored'],
    [300, '200 stored'],
    [301, '400 WEBHOOK_SIGNATURE_INVALID'],
    [4_000, '400 WEBHOOK_SIGNATURE_INVALID'],
  ])('%s seconds from now: %s', async (seconds, outcome) => {
    for (const secret of [newSecret, oldSecret]) expect(await send(secret, seconds)).toBe(outcome)
  })
})

test('the setting takes one or two secrets', () => {
  const read = (secrets: string) => () => valuesOf({ ...settings, STRIPE_WEBHOOK_SECRETS: secrets })
  for (const secrets of [newSecret, `${newSecret},${oldSecret}`]) expect(read(secrets)).not.toThrow()
  for (const secrets of ['secret', `${newSecret},${oldSecret},whsec_third`])
    expect(read(secrets)).toThrow('STRIPE_WEBHOOK_SECRETS must be one or two secrets')
})
