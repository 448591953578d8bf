import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type {
  AuthorizeRequest,
  CalledProvider,
  CallOutcome,
  PaymentReport,
  Provider,
  WebhookHeaders,
} from '../src/payments/provider.ts'
import { currencies } from '../src/platform/currencies.ts'

/**
 * The suite that each payment provider passes. docs/payment-providers.md says how to use it.
 *
 * What a test needs of a provider is in its setup. Tests of what cannot be brought about at a provider are named as missing, and
 * skipped.
 */
export type ProviderSetup = Readonly<{
  provider: CalledProvider
  /** What a payment is authorized with, by what comes of it. */
  tokens: Readonly<{
    approve: string
    decline: string
    /** Waits for the payer. */
    action: string
    /** Takes effect, and its answer is lost. */
    timeout: string
    /** Is under way at first, and approved when time has passed. */
    late?: string
    /** Its refunds fail when time has passed. */
    refundFailsLater?: string
    /** What is not captured expires when time has passed. */
    expires?: string
  }>
  /** What the payer does. */
  payer: Readonly<{ approve(providerRef: string): Promise<void>; decline(providerRef: string): Promise<void> }>
  /** Lets so much time pass that what happens later has happened. */
  passTime(): void | Promise<void>
  /** An event about a payment, as the provider sends it. */
  event(
    providerRef: string,
    signed: Readonly<{ with: 'the secret' | 'the secret before' | 'another secret'; atMs: number }>,
  ): Promise<Readonly<{ headers: WebhookHeaders; body: Uint8Array }>>
  /** False: all captures but the first are refused. */
  capturesOften: boolean
  close(): Promise<void>
}>

let count = 0
const never = new AbortController().signal
const keepNothing = async () => undefined

/** What cannot be brought about at some providers; their tokens are left out. */
type Optional = 'late' | 'refundFailsLater' | 'expires'

/** Runs the suite. @param open makes the provider, once */
export function testProvider(
  name: string,
  open: () => Promise<ProviderSetup>,
  { missing = [] }: { missing?: readonly Optional[] } = {},
): void {
  describe(`the provider ${name}`, () => {
    let setup: ProviderSetup | undefined
    beforeAll(async () => {
      setup = await open()
    })
    afterAll(() => setup?.close())
    const given = () => {
      if (setup === undefined) throw new Error('the provider could not be set up')
      return setup
    }
    test('names itself as an account can', () => expect(given().provider.name).toMatch(/^[a-z0-9_-]{1,32}$/))
    testAmounts(() => given().provider)
    describe('authorizes', () => testAuthorizations(given, missing))
    describe('answers a repeated key as the first time', () => testKeys(given))
    describe('captures and voids', () => testCaptures(given, missing))
    describe('refunds', () => testRefunds(given, missing))
    describe('finds a payment', () => testLookups(given))
    describe('reads an event', () => testEvents(given))
  })
}

/** Runs the part of the suite that also providers of recorded money pass: amounts. */
export function testAmounts(provider: () => Provider): void {
  test('writes each amount of each currency so that it reads back the same, or not at all', () => {
    const { toProviderAmount, fromProviderAmount } = provider()
    const wrong: string[] = []
    for (const [code, currency] of currencies) {
      const unit = 10 ** currency.digits
      for (const amount of [0, 1, 10, 99, 100, 105, 500, unit, 12_345 * unit, 12_340, Number.MAX_SAFE_INTEGER]) {
        const written = toProviderAmount(amount, code, currency)
        if (written === undefined) continue
        const back = fromProviderAmount(written, code, currency)
        if (!Number.isSafeInteger(written) || written < 0 || back !== amount) wrong.push(`${code} ${amount}`)
      }
    }
    expect(wrong).toEqual([])
  })

  test('reads no amount as another than it writes for it', () => {
    const { toProviderAmount, fromProviderAmount } = provider()
    const wrong: string[] = []
    for (const [code, currency] of currencies) {
      for (const written of [1, 5, 10, 50, 99, 100, 101, 1_000, 1_005, 123_400]) {
        const amount = fromProviderAmount(written, code, currency)
        if (amount === undefined) continue
        const again = toProviderAmount(amount, code, currency)
        if (!Number.isSafeInteger(amount) || (again !== undefined && again !== written))
          wrong.push(`${code} ${written}`)
      }
    }
    expect(wrong).toEqual([])
  })
}

type Given = () => ProviderSetup

/** A request for a payment of its own; 10.00 USD, captured by hand. */
function requestOf(methodToken: string, change: Partial<AuthorizeRequest> = {}): AuthorizeRequest {
  count += 1
  const id = `${String(process.pid).padStart(8, '0')}${String(count).padStart(16, '0')}`
  return {
    paymentId: `pay_${id}`,
    orderUid: `order-${id}`,
    operationId: `op_${id}`,
    providerRef: undefined,
    currency: 'USD',
    amount: 1000,
    capture: 'manual',
    methodToken,
    returnUrl: 'https://shop.example/thanks',
    ...change,
  }
}

const operation = (request: AuthorizeRequest, providerRef: string) => {
  count += 1
  const { paymentId, orderUid, currency } = request
  return { paymentId, orderUid, currency, providerRef, operationId: `op_${process.pid}_${count}` }
}

function reported(outcome: CallOutcome | { kind: 'absent' }): PaymentReport {
  if (outcome.kind !== 'reported') throw new Error(`expected a report, and got ${JSON.stringify(outcome)}`)
  return outcome.report
}

const authorize = async ({ provider }: ProviderSetup, request: AuthorizeRequest) =>
  provider.authorize(request, never, keepNothing)

function existing(token: string | undefined): string {
  if (token === undefined) throw new Error('the setup has no token for this; name it as missing, or add one')
  return token
}

/** A payment that was approved, unless its token says otherwise. */
async function approved(given: Given, change: Partial<AuthorizeRequest> = {}, token = given().tokens.approve) {
  const setup = given()
  const request = requestOf(token, change)
  const report = reported(await authorize(setup, request))
  const next = () => operation(request, report.providerRef)
  const capture = (amount: number, isFinal = false, key = next()) =>
    setup.provider.capture({ ...key, amount, isFinal }, never)
  const refund = (amount: number, key = next()) => setup.provider.refund({ ...key, amount, reason: 'returned' }, never)
  const release = (key = next()) => setup.provider.void(key, never)
  const read = async () => reported(await setup.provider.fetch(operation(request, report.providerRef), never))
  return { request, report, next, capture, refund, release, read }
}

function testAuthorizations(given: Given, missing: readonly Optional[]): void {
  test('what is approved, and leaves the capture to us', async () => {
    const { request, report, read } = await approved(given)
    const { paymentId, orderUid, currency } = request
    expect(report).toMatchObject({ paymentId, orderUid, currency, captured: 0, refunds: [], disputes: [] })
    expect(report.authorization).toMatchObject({ state: 'authorized', amount: 1000 })
    expect(await read()).toEqual(report)
  })

  test('and captures where it is asked to', async () => {
    const { report, read } = await approved(given, { capture: 'automatic' })
    expect(report).toMatchObject({ authorization: { state: 'authorized', amount: 1000 }, captured: 1000 })
    expect(await read()).toMatchObject({ captured: 1000 })
  })

  test('nothing that is declined, and says why', async () => {
    const request = requestOf(given().tokens.decline)
    const outcome = await authorize(given(), request)
    expect(outcome).toMatchObject({ kind: 'refused' })
    if (outcome.kind !== 'refused') throw new Error('it was refused')
    expect(outcome.failure.code).toMatch(/^[a-z0-9_]+$/)
    expect(outcome.failure.message).not.toBe('')
    const found = reported(await given().provider.fetch(request, never))
    expect(found).toMatchObject({ authorization: { state: 'failed' }, captured: 0 })
  })

  test('nothing by a token that it does not know', async () => {
    expect(await authorize(given(), requestOf('tok_of_nobody'))).toMatchObject({ kind: 'refused' })
  })

  test('what waits for the payer, who approves', async () => {
    const { request, report, read } = await approved(given, { capture: 'automatic' }, given().tokens.action)
    expect(report.authorization).toMatchObject({ state: 'requires_action', nextAction: { type: 'redirect' } })
    expect(reported(await authorize(given(), request)).authorization.state).toBe('requires_action')
    await given().payer.approve(report.providerRef)
    expect(await read()).toMatchObject({ authorization: { state: 'authorized', amount: 1000 }, captured: 1000 })
  })

  test('what waits for the payer, who declines', async () => {
    const { report, read } = await approved(given, {}, given().tokens.action)
    await given().payer.decline(report.providerRef)
    expect(await read()).toMatchObject({ authorization: { state: 'failed' }, captured: 0 })
  })

  test('what waits for the payer, and is voided meanwhile', async () => {
    const { release, read } = await approved(given, {}, given().tokens.action)
    expect(reported(await release()).authorization).toEqual({ state: 'voided', amount: 0 })
    expect((await read()).authorization.state).toBe('voided')
  })

  test('what is not answered: once it is, it has happened once', async () => {
    const { provider, tokens, passTime } = given()
    const request = requestOf(tokens.timeout, { capture: 'automatic' })
    expect(await authorize(given(), request)).toMatchObject({ kind: 'unknown' })
    await passTime()
    const report = reported(await authorize(given(), request))
    expect(report).toMatchObject({ authorization: { state: 'authorized', amount: 1000 }, captured: 1000 })
    expect(reported(await provider.fetch(request, never))).toEqual(report)
  })

  test.skipIf(missing.includes('late'))('what is under way at first', async () => {
    const { tokens, passTime } = given()
    const { report, read } = await approved(given, {}, existing(tokens.late))
    expect(report.authorization).toEqual({ state: 'processing' })
    await passTime()
    expect((await read()).authorization).toMatchObject({ state: 'authorized', amount: 1000 })
  })

  test('and does not answer who has given up', async () => {
    const { provider, tokens } = given()
    const request = requestOf(tokens.approve)
    const outcome = await provider.authorize(request, AbortSignal.abort(), keepNothing)
    expect(['unknown', 'not_sent']).toContain(outcome.kind)
  })
}

function testKeys(given: Given): void {
  test('of an authorization, also at once', async () => {
    const request = requestOf(given().tokens.approve, { capture: 'automatic' })
    const outcomes = await Promise.all([1, 2, 3].map(() => authorize(given(), request)))
    const answered = outcomes.filter(({ kind }) => kind !== 'unknown' && kind !== 'not_sent')
    expect(new Set(answered.map(outcome => reported(outcome).providerRef)).size).toBe(1)
    const again = reported(await authorize(given(), request))
    expect(again).toMatchObject({ captured: 1000 })
  })

  test('of a capture, a refund and a void', async () => {
    const { next, capture, refund, release, read } = await approved(given)
    const [captureKey, refundKey, voidKey] = [next(), next(), next()]
    for (const _ of [1, 2]) expect(reported(await capture(600, false, captureKey)).captured).toBe(600)
    for (const _ of [1, 2]) {
      const { refunds } = reported(await refund(200, refundKey))
      expect(refunds).toMatchObject([{ operationId: refundKey.operationId, amount: 200, state: 'succeeded' }])
    }
    const { report } = await approved(given)
    const released = { ...voidKey, providerRef: report.providerRef }
    for (const _ of [1, 2]) expect(reported(await release(released)).authorization.state).toBe('voided')
    expect(await read()).toMatchObject({ captured: 600, refunds: [{ amount: 200 }] })
  })

  test('and refuses one that belongs to another request', async () => {
    const request = requestOf(given().tokens.approve)
    await authorize(given(), request)
    expect(await authorize(given(), { ...request, amount: 999 })).toMatchObject({ kind: 'refused' })
    const { next, capture, read } = await approved(given)
    const key = next()
    await capture(600, false, key)
    expect(await capture(300, false, key)).toMatchObject({ kind: 'refused' })
    expect(await read()).toMatchObject({ captured: 600 })
  })
}

function testCaptures(given: Given, missing: readonly Optional[]): void {
  test('a part, and releases the rest', async () => {
    const { capture, read } = await approved(given)
    const report = reported(await capture(600, true))
    expect(report).toMatchObject({ authorization: { state: 'voided', amount: 1000 }, captured: 600 })
    expect(await capture(1)).toMatchObject({ kind: 'refused' })
    expect(await read()).toMatchObject({ captured: 600 })
  })

  test('in several parts', async () => {
    const { capture, release } = await approved(given)
    expect(reported(await capture(300)).captured).toBe(300)
    if (!given().capturesOften) return expect(await capture(300)).toMatchObject({ kind: 'refused' })
    expect(reported(await capture(300)).captured).toBe(600)
    expect(await capture(401)).toMatchObject({ kind: 'refused' })
    expect(reported(await capture(400))).toMatchObject({ authorization: { state: 'authorized' }, captured: 1000 })
    expect(await release()).toMatchObject({ kind: 'refused' })
  })

  test('no more than was authorized', async () => {
    const { capture, read } = await approved(given)
    const outcome = await capture(1001)
    expect(outcome).toMatchObject({ kind: 'refused' })
    expect(await read()).toMatchObject({ authorization: { state: 'authorized', amount: 1000 }, captured: 0 })
  })

  test('nothing of what was voided', async () => {
    const { capture, release, read } = await approved(given)
    expect(reported(await release()).authorization).toEqual({ state: 'voided', amount: 1000 })
    expect(await capture(1)).toMatchObject({ kind: 'refused' })
    expect(await read()).toMatchObject({ authorization: { state: 'voided' }, captured: 0 })
  })

  test.skipIf(missing.includes('expires'))('nothing of what has expired', async () => {
    const { tokens, passTime } = given()
    const { report, capture, read } = await approved(given, {}, existing(tokens.expires))
    expect(report.authorization).toMatchObject({ state: 'authorized', untilMs: expect.any(Number) })
    await passTime()
    expect((await read()).authorization).toEqual({ state: 'expired', amount: 1000 })
    expect(await capture(1)).toMatchObject({ kind: 'refused' })
  })
}

function testRefunds(given: Given, missing: readonly Optional[]): void {
  test('in parts, and never more than was captured', async () => {
    const { next, refund, read } = await approved(given, { capture: 'automatic' })
    const keys = [next(), next()]
    for (const key of keys) await refund(400, key)
    expect(await refund(201)).toMatchObject({ kind: 'refused' })
    const { refunds } = await read()
    expect(refunds.map(({ operationId }) => operationId).sort()).toEqual(keys.map(key => key.operationId).sort())
    expect(new Set(refunds.map(({ ref }) => ref)).size).toBe(2)
    expect(refunds.every(({ amount, state }) => amount === 400 && state === 'succeeded')).toBe(true)
  })

  test('exactly what was captured, of 50 that are asked for at once', async () => {
    const { refund, read } = await approved(given, { capture: 'automatic' })
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => refund(100)))
    expect(outcomes.filter(({ kind }) => kind === 'reported')).toHaveLength(10)
    expect(outcomes.filter(({ kind }) => kind === 'refused')).toHaveLength(40)
    expect((await read()).refunds).toHaveLength(10)
  })

  test('nothing before something was captured', async () => {
    const { refund, read } = await approved(given)
    expect(await refund(1)).toMatchObject({ kind: 'refused' })
    expect((await read()).refunds).toEqual([])
  })

  test.skipIf(missing.includes('refundFailsLater'))('what fails afterwards', async () => {
    const { tokens, passTime } = given()
    const { refund, read } = await approved(given, { capture: 'automatic' }, existing(tokens.refundFailsLater))
    expect(reported(await refund(400)).refunds).toMatchObject([{ amount: 400, state: 'succeeded' }])
    await passTime()
    expect((await read()).refunds).toMatchObject([
      { amount: 400, state: 'failed', failure: { code: expect.any(String) } },
    ])
    expect(reported(await refund(1000)).refunds).toHaveLength(2)
  })
}

function testLookups(given: Given): void {
  test('by our reference alone, or by its own alone', async () => {
    const { request, report } = await approved(given)
    const { provider } = given()
    expect(reported(await provider.fetch({ ...request, providerRef: undefined }, never))).toEqual(report)
    expect(reported(await provider.fetch({ providerRef: report.providerRef }, never))).toEqual(report)
  })

  test('and says of one that it has never had that it is absent', async () => {
    const request = requestOf(given().tokens.approve)
    expect(await given().provider.fetch(request, never)).toEqual({ kind: 'absent' })
  })
}

const nowMs = Date.parse('2026-11-28T12:00:00Z')
const secondsMs = 1_000

function testEvents(given: Given): void {
  const read = async (event: { headers: WebhookHeaders; body: Uint8Array }, atMs = nowMs) => {
    const { readWebhook } = given().provider
    if (readWebhook === undefined) throw new Error('the provider sends no events')
    return readWebhook(event.headers, event.body, atMs)
  }
  const eventOf = async (signed: Partial<Parameters<ProviderSetup['event']>[1]> = {}) => {
    const { report } = await approved(given)
    const event = await given().event(report.providerRef, { with: 'the secret', atMs: nowMs, ...signed })
    return { ...event, providerRef: report.providerRef }
  }

  test('signed by either secret', async () => {
    for (const secret of ['the secret', 'the secret before'] as const) {
      const { providerRef, ...event } = await eventOf({ with: secret })
      const reading = await read(event)
      expect(reading).toMatchObject({ kind: 'event', providerRef, isOurs: true })
      // The same event comes with the same id, or it would be applied twice.
      expect(await read(event)).toEqual(reading)
    }
  })

  test('signed by nobody that it knows: refused', async () => {
    expect(await read(await eventOf({ with: 'another secret' }))).toMatchObject({ kind: 'refused' })
    const { body } = await eventOf()
    expect(await read({ headers: new Headers(), body })).toMatchObject({ kind: 'refused' })
  })

  test('changed on its way: refused', async () => {
    const { headers, body } = await eventOf()
    const changed = new TextEncoder().encode(`${new TextDecoder().decode(body)} `)
    expect(await read({ headers, body: changed })).toMatchObject({ kind: 'refused' })
    expect(await read({ headers, body: new Uint8Array() })).toMatchObject({ kind: 'refused' })
  })

  test('of the last five minutes only, and none of the future', async () => {
    const event = await eventOf()
    for (const seconds of [-299, 0, 299]) {
      expect(await read(event, nowMs + seconds * secondsMs)).toMatchObject({ kind: 'event' })
    }
    for (const seconds of [-302, 302, 86_400, -4_000]) {
      expect(await read(event, nowMs + seconds * secondsMs)).toMatchObject({ kind: 'refused' })
    }
  })
}
