import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { createOrdersDatabase } from '../../../test/app.ts'
import { createLogger } from '../../platform/log.ts'
import type { AuthorizeRequest } from '../provider.ts'
import { createSandbox } from '../providers/sandbox.ts'
import { sendDueEvents } from './webhooks.ts'

const { pool, drop } = await createOrdersDatabase()
afterAll(drop)

const log = createLogger({ level: 'silent' })
const signal = new AbortController().signal
let nowMs = Date.parse('2026-11-28T12:00:00Z')
const now = () => nowMs
/** What has happened, in its order: webhooks by type, and answers. */
const happened: string[] = []
let accepts = true

const options = {
  pool,
  now,
  log,
  secret: 'the secret',
  deliver: async (_: unknown, body: Uint8Array) => {
    const { id, type } = JSON.parse(new TextDecoder().decode(body)) as { id: string; type: string }
    happened.push(`${type} ${id.replace(/^evt_(sbx_)?op_\d+_?/, '')}`.trim())
    return accepts
  },
}
const { provider } = createSandbox({ ...options, basePath: '', secrets: [options.secret] })

beforeEach(async () => {
  happened.length = 0
  accepts = true
  await pool.query('truncate sandbox_events')
})

let count = 0

function requestOf(methodToken: string, change: Partial<AuthorizeRequest> = {}): AuthorizeRequest {
  count += 1
  const ids = { paymentId: `pay_${count}`, orderUid: `order-${count}`, operationId: `op_${count}` }
  const money = { currency: 'USD', amount: 1000, capture: 'automatic' } as const
  return { ...ids, ...money, providerRef: undefined, methodToken, returnUrl: undefined, ...change }
}

async function pay(methodToken: string, change: Partial<AuthorizeRequest> = {}) {
  const request = requestOf(methodToken, change)
  const { kind } = await provider.authorize(request, signal, async () => undefined)
  happened.push(`answer: ${kind}`)
  const providerRef = `sbx_${request.operationId}`
  const next = () => {
    count += 1
    return { ...request, providerRef, operationId: `op_${count}` }
  }
  return { providerRef, next }
}

/** Sends what is due so much later. */
async function later(ms: number): Promise<void> {
  nowMs += ms
  happened.push(`after ${ms}`)
  while (await sendDueEvents(options)) {}
}

describe('webhooks', () => {
  test('are not sent for what the answer tells', async () => {
    for (const token of ['tok_approve', 'tok_decline', 'tok_action']) await pay(token)
    await later(86_400_000)
    expect(happened.filter(what => !/answer|after/.test(what))).toEqual([])
  })

  test('arrive before the answer', async () => {
    await pay('tok_webhook_first')
    expect(happened).toEqual(['payment.captured', 'answer: reported'])
  })

  test('arrive late, with what was not answered or was under way', async () => {
    await pay('tok_timeout')
    await pay('tok_webhook_late', { capture: 'manual' })
    await later(4_999)
    await later(1)
    expect(happened.slice(0, 4)).toEqual(['answer: unknown', 'answer: reported', 'after 4999', 'after 1'])
    expect(happened.slice(4).sort()).toEqual(['payment.authorized', 'payment.captured'])
  })

  test('arrive twice', async () => {
    await pay('tok_webhook_twice')
    await later(0)
    await later(60_000)
    expect(happened).toEqual(['answer: reported', 'after 0', 'payment.captured', 'payment.captured', 'after 60000'])
  })

  test('arrive out of order', async () => {
    const { next } = await pay('tok_webhook_out_of_order', { capture: 'manual' })
    await provider.capture({ ...next(), amount: 1000, isFinal: false }, signal)
    await later(0)
    await later(5_000)
    expect(happened).toEqual(['answer: reported', 'after 0', 'payment.captured', 'after 5000', 'payment.authorized'])
  })

  test('tell what happens by itself: a refund that fails, an expiry, a dispute', async () => {
    const { next } = await pay('tok_refund_fails_later')
    await provider.refund({ ...next(), amount: 100, reason: '' }, signal)
    await later(86_400_000)
    await pay('tok_expires', { capture: 'manual' })
    await later(60_000)
    await pay('tok_dispute_won')
    await later(5_000)
    await later(5_000)
    expect(happened.filter(what => !/answer|after/.test(what))).toEqual([
      'refund.failed failed',
      'payment.expired expired',
      'dispute.opened disputed',
      'dispute.closed dispute_closed',
    ])
  })

  test('are sent again until they are accepted', async () => {
    await pay('tok_webhook_first')
    accepts = false
    await pay('tok_webhook_first')
    await later(9_999)
    accepts = true
    await later(1)
    await later(60_000)
    expect(happened.filter(what => what === 'payment.captured')).toHaveLength(3)
    expect(happened.slice(-2)).toEqual(['payment.captured', 'after 60000'])
  })
})

describe('the sandbox', () => {
  const other = createSandbox({ ...options, basePath: '', secrets: [options.secret] }).provider

  test('serves two instances, and outlasts each: one key has one effect, and money is refunded once', async () => {
    const request = requestOf('tok_approve')
    const both = [provider, other]
    const calls = both.flatMap(each => Array.from({ length: 10 }, () => each))
    await Promise.all(calls.map(each => each.authorize(request, signal, async () => undefined)))
    const { rows } = await pool.query('select payment_ref from sandbox_payments where payment_id = $1', [
      request.paymentId,
    ])
    expect(rows).toEqual([{ payment_ref: `sbx_${request.operationId}` }])
    const refund = { ...request, providerRef: `sbx_${request.operationId}`, amount: 100, reason: '' }
    const asked = calls.map((each, index) => each.refund({ ...refund, operationId: `op_r${index}` }, signal))
    const outcomes = (await Promise.all(asked)).map(({ kind }) => kind).sort()
    expect(outcomes).toEqual([...Array(10).fill('refused'), ...Array(10).fill('reported')])
  })

  test('charges twice who asks by two keys, as any provider does', async () => {
    const request = requestOf('tok_approve')
    for (const operationId of [request.operationId, `${request.operationId}b`]) {
      await provider.authorize({ ...request, operationId }, signal, async () => undefined)
    }
    const { rows } = await pool.query('select from sandbox_payments where payment_id = $1', [request.paymentId])
    expect(rows).toHaveLength(2)
  })

  test('knows nothing of references that nobody was given, whatever is in them', async () => {
    for (const providerRef of ['\0', '../1', 'sbx_', "' or true", 'sbx_none']) {
      expect(await provider.fetch({ providerRef }, signal)).toEqual({ kind: 'absent' })
      const { kind } = await provider.void({ ...requestOf('tok_approve'), providerRef }, signal)
      expect(kind).toBe('refused')
    }
  })
})
