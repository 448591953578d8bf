import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { createOrdersDatabase } from '../../test/app.ts'
import { AppError } from '../errors.ts'
import { createLogger } from '../platform/log.ts'
import { createRegistry } from '../platform/metrics.ts'
import { createProviderInbox } from './inbox.ts'
import type { PaymentReport } from './provider.ts'
import { providersOf } from './providers.ts'
import { createSandbox } from './providers/sandbox.ts'
import { signatureHeader, signedHeader } from './sandbox/webhooks.ts'
import { claimDueProviderEvents } from './webhook-queries.ts'
import { applyDueProviderEvents, type EventApplication, receiveProviderEvent } from './webhooks.ts'

const { pool, drop } = await createOrdersDatabase()
afterAll(drop)

const log = createLogger({ level: 'silent' })
const signal = new AbortController().signal
let nowMs = Date.parse('2026-11-28T12:00:00Z')
const now = () => nowMs
const secret = 'the secret'
const sandbox = createSandbox({ pool, now, log, basePath: '', deliver: async () => true, secrets: [secret] })
const { byName } = providersOf([sandbox])

const counts = new Map<string, number>()
const applied: PaymentReport[] = []
const unmatched: PaymentReport[] = []
let apply: EventApplication['apply'] = async () => true
const application: EventApplication = {
  pool,
  now,
  log,
  random: () => 0,
  provider: name => byName.get(name),
  count: (_, outcome) => counts.set(outcome, (counts.get(outcome) ?? 0) + 1),
  apply: async (provider, report, askedAtMs) => {
    applied.push(report)
    return apply(provider, report, askedAtMs)
  },
  noteUnmatched: async (_, report) => void unmatched.push(report),
}

beforeEach(async () => {
  for (const list of [applied, unmatched]) list.length = 0
  counts.clear()
  apply = async () => true
  await pool.query('truncate provider_events')
})

let count = 0

/** A captured payment at the sandbox, and events about it. */
async function pay(methodToken = 'tok_approve') {
  count += 1
  const request = {
    paymentId: `pay_${count}`,
    orderUid: `order-${count}`,
    operationId: `op_${count}`,
    providerRef: undefined,
    currency: 'USD',
    amount: 1000,
    capture: 'automatic',
    methodToken,
    returnUrl: undefined,
  } as const
  await sandbox.provider.authorize(request, signal, async () => undefined)
  return `sbx_op_${count}`
}

function eventOf(payment: string, id = `evt_${payment}`) {
  const body = Buffer.from(JSON.stringify({ id, type: 'payment.captured', payment }))
  return { headers: new Headers({ [signatureHeader]: signedHeader(body, secret, nowMs) }), body }
}

async function receive({ headers, body }: ReturnType<typeof eventOf>) {
  let woken = 0
  const receipt = await receiveProviderEvent(application, sandbox.provider, headers, body, () => {
    woken += 1
  })
  return { ...receipt, woken }
}

async function states(): Promise<string[]> {
  const { rows } = await pool.query<{ state: string }>('select state from provider_events order by event_id')
  return rows.map(({ state }) => state)
}

describe('an event', () => {
  test('is stored once however often it comes, and applied once from what the provider says', async () => {
    const event = eventOf(await pay())
    const receipts = await Promise.all([receive(event), receive(event), receive(event)])
    expect(receipts.map(({ kind }) => kind).sort()).toEqual(['known', 'known', 'stored'])
    expect(receipts.map(({ woken }) => woken).sort()).toEqual([0, 0, 1])
    await applyDueProviderEvents(application)
    nowMs += 86_400_000
    await receive({ ...event, headers: eventOf('', 'of another body').headers })
    expect(await receive(eventOf(`sbx_op_${count}`))).toMatchObject({ kind: 'known' })
    await applyDueProviderEvents(application)
    expect(applied).toMatchObject([{ paymentId: `pay_${count}`, captured: 1000 }])
    expect(await states()).toEqual(['applied'])
    expect(Object.fromEntries(counts)).toEqual({ stored: 1, known: 3, refused: 1, applied: 1 })
  })

  test('leads with others of its payment to one look at the provider', async () => {
    const ref = await pay()
    for (const id of ['evt_b', 'evt_a', 'evt_c']) await receive(eventOf(ref, id))
    await applyDueProviderEvents(application)
    expect(applied).toHaveLength(1)
    expect(await states()).toEqual(['applied', 'applied', 'applied'])
  })

  test('that cannot be applied now is put off, ever longer, and applied later', async () => {
    await receive(eventOf(await pay()))
    apply = async () => {
      throw new Error('the order is locked')
    }
    for (const passedMs of [0, 500, 1_000]) {
      nowMs += passedMs
      await applyDueProviderEvents(application)
      await applyDueProviderEvents(application)
    }
    expect(applied).toHaveLength(3)
    apply = async () => true
    nowMs += 2_000
    await applyDueProviderEvents(application)
    expect(await states()).toEqual(['applied'])
  })

  test('of a payment that the provider does not tell of yet is put off', async () => {
    await receive(eventOf(await pay('tok_timeout')))
    await applyDueProviderEvents(application)
    expect(await states()).toEqual(['received'])
    nowMs += 60_000
    await applyDueProviderEvents(application)
    expect(applied).toHaveLength(1)
    expect(await states()).toEqual(['applied'])
  })

  test('is claimed by one of two instances, and by the other when the first is gone', async () => {
    for (let index = 0; index < 20; index += 1) await receive(eventOf(`sbx_${index}`))
    const claim = () => claimDueProviderEvents(pool, { nowMs, untilMs: nowMs + 60_000, eventsMax: 15 })
    const claimed = (await Promise.all([claim(), claim()])).flat()
    expect(new Set(claimed.map(({ eventId }) => eventId)).size).toBe(claimed.length)
    await claim()
    expect(await claim()).toEqual([])
    nowMs += 60_000
    expect((await claim()).map(({ attempts }) => attempts)).toContain(2)
  })

  test('of a payment that is not here becomes an issue if there is money in it', async () => {
    apply = async () => false
    await receive(eventOf(await pay()))
    await receive(eventOf(await pay('tok_decline')))
    await receive(eventOf('sbx_of_nobody'))
    await applyDueProviderEvents(application)
    expect(unmatched).toMatchObject([{ paymentId: `pay_${count - 1}`, captured: 1000 }])
    expect(await states()).toEqual(['ignored', 'ignored', 'ignored'])
    expect(counts.get('unmatched')).toBe(3)
  })

  test('of another shop on the same account is counted and ignored', async () => {
    const ref = await pay()
    const { fetch } = sandbox.provider
    const stranger: EventApplication = {
      ...application,
      apply: async () => false,
      provider: () => ({
        ...sandbox.provider,
        async fetch(lookup, given) {
          const outcome = await fetch(lookup, given)
          if (outcome.kind !== 'reported') return outcome
          return { kind: 'reported', report: { ...outcome.report, paymentId: undefined } }
        },
      }),
    }
    await receive(eventOf(ref))
    await applyDueProviderEvents(stranger)
    expect(await states()).toEqual(['ignored'])
    expect(counts.get('other_shop')).toBe(1)
    expect(unmatched).toEqual([])
  })

  test('with names that nobody gives is refused before it is stored', async () => {
    for (const id of ['evt\u0000', 'x'.repeat(300), '\ud800']) {
      expect(await receive(eventOf('sbx_1', id))).toMatchObject({ kind: 'refused' })
    }
    expect(await states()).toEqual([])
  })
})

describe('the endpoint', () => {
  let isClockRight = false
  const inbox = createProviderInbox({
    ...application,
    providers: () => byName,
    registry: createRegistry(),
    isClockRight: () => isClockRight,
  })
  const send = async (provider: string, { headers, body }: ReturnType<typeof eventOf>) => {
    const url = `http://localhost/api/payments/webhooks/${provider}`
    const request = new Request(url, { method: 'POST', headers, body })
    const [route] = inbox.routes
    if (route === undefined) throw new Error('there is no endpoint')
    try {
      return (await route.handle({ request, params: { provider }, startedMs: 0 })).status
    } catch (error) {
      return error instanceof AppError ? error.code : error
    }
  }

  test('accepts what is signed, and refuses everything else', async () => {
    const event = eventOf(await pay())
    expect(await send('sandbox', event)).toBe(200)
    expect(await send('sandbox', event)).toBe(200)
    expect(await send('sandbox', { ...event, headers: new Headers() })).toBe('WEBHOOK_SIGNATURE_INVALID')
    expect(await send('manual', event)).toBe('WEBHOOK_SIGNATURE_INVALID')
    expect(await send('nobody', event)).toBe('PROVIDER_UNKNOWN')
    expect(await send('sandbox', { ...event, body: Buffer.alloc(300_000) })).toBe('BODY_TOO_LARGE')
    expect(await states()).toEqual(['received'])
  })

  test('has what comes applied by its worker at once', async () => {
    const stop = new AbortController()
    const running = inbox.workers.map(({ run }) => run(stop.signal))
    const done = Promise.withResolvers<void>()
    apply = async () => {
      done.resolve()
      return true
    }
    const { headers, body } = eventOf(await pay())
    expect(await inbox.deliver('sandbox', headers, body)).toBe(true)
    await done.promise
    stop.abort()
    await Promise.all(running)
    expect(applied).toHaveLength(1)
  })

  test('forgets what was settled 90 days ago, and nothing while the clock is wrong', async () => {
    const worker = inbox.workers.find(({ name }) => name === 'expiry of provider events')
    const sweep = async () => {
      const stop = new AbortController()
      const running = worker?.run(stop.signal)
      stop.abort()
      await running
    }
    await receive(eventOf(await pay(), 'evt_old'))
    await applyDueProviderEvents(application)
    nowMs += 90 * 86_400_000
    await receive(eventOf(await pay(), 'evt_new'))
    nowMs += 1
    await sweep()
    expect(await states()).toEqual(['received', 'applied'])
    isClockRight = true
    await sweep()
    expect(await states()).toEqual(['received'])
  })
})
