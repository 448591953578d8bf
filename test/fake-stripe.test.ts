import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Ajv, type ValidateFunction } from 'ajv'
import { createStripeProvider } from '../src/payments/providers/stripe.ts'
import { orSkipped, stripeOpenApi } from './clients/toolchain.ts'
import { type FakeStripe, startFakeStripe } from './fake-stripe.ts'

/** The fake of Stripe gives answers that Stripe's own OpenAPI document allows. */

type Document = { paths: Record<string, Record<string, unknown>>; components: { schemas: Record<string, unknown> } }

let document: Document | undefined
let stripe: FakeStripe

beforeAll(async () => {
  const file = await orSkipped(stripeOpenApi())
  if (file !== undefined) document = JSON.parse(await readFile(file, 'utf8')) as Document
  stripe = await startFakeStripe()
}, 300_000)

afterAll(() => stripe.close())

test('every answer of the fake is one that Stripe documents', async () => {
  await useEverything()
  expect(new Set(stripe.answers.map(({ status }) => status))).toEqual(new Set([200, 400, 402, 404]))
  if (document === undefined) return
  const validate = validatorOf(document)
  const wrong = stripe.answers.flatMap(({ method, path, status, body }) => {
    const errors = validate(method, path, status, body)
    return errors === undefined ? [] : [{ method, path, status, errors }]
  })
  expect(wrong).toEqual([])
}, 60_000)

/** Has the provider make every call that it can make. */
async function useEverything() {
  const provider = createStripeProvider({ apiKey: 'sk_test_fake', apiBase: stripe.url, webhookSecrets: [] })
  const { signal } = new AbortController()
  const keep = async () => undefined
  const request = (name: string, methodToken: string) => ({
    paymentId: `pay_${name}`,
    orderUid: `order-${name}`,
    operationId: `op_${name}`,
    providerRef: undefined,
    currency: 'USD',
    amount: 1817,
    capture: 'manual' as const,
    methodToken,
    returnUrl: 'https://shop.example.test/',
  })
  for (const method of ['pm_card_chargeDeclined', 'pm_card_authenticationRequired', 'tok_unknown']) {
    await provider.authorize(request(method, method), signal, keep)
  }
  const paid = request('paid', 'pm_card_visa')
  const outcome = await provider.authorize(paid, signal, keep)
  if (outcome.kind !== 'reported') throw new Error('the card was declined')
  const { providerRef } = outcome.report
  await provider.capture({ ...paid, providerRef, operationId: 'op_capture', amount: 1000, isFinal: true }, signal)
  await provider.refund({ ...paid, providerRef, operationId: 'op_refund', amount: 300, reason: 'returned' }, signal)
  await provider.refund({ ...paid, providerRef, operationId: 'op_too_much', amount: 900, reason: 'returned' }, signal)
  await provider.void({ ...paid, providerRef, operationId: 'op_void' }, signal)
  await stripe.failRefund(stripe.refunds[0]?.id ?? '')
  await stripe.dispute(providerRef, 500, 'needs_response')
  await provider.fetch({ ...paid, providerRef }, signal)
  await provider.fetch({ ...paid, providerRef: undefined }, signal)
  await provider.fetch({ providerRef: 'pi_unknown' }, signal)
}

/** Checks an answer against the schema of its operation. */
function validatorOf({ paths, components }: Document) {
  const ajv = new Ajv({ strict: false, validateFormats: false })
  ajv.addSchema({ $id: 'stripe', components: withNull(components) as object })
  const compiled = new Map<string, ValidateFunction>()
  return (method: string, path: string, status: number, body: unknown): string | undefined => {
    const template = Object.keys(paths).find(candidate => matches(candidate, path)) ?? ''
    const at = `${method} ${template} ${status}`
    let validate = compiled.get(at)
    if (validate === undefined) {
      validate = ajv.compile(withNull(schemaOf(paths[template], method, status)) as object)
      compiled.set(at, validate)
    }
    return validate(body) ? undefined : ajv.errorsText(validate.errors)
  }
}

/** Whether a path is one of a template; `/search` is no id. */
function matches(template: string, path: string): boolean {
  const [parts, given] = [template.split('/'), path.split('/')]
  return (
    parts.length === given.length &&
    parts.every((part, index) => part === given[index] || (part.startsWith('{') && given[index] !== 'search'))
  )
}

function schemaOf(operations: unknown, method: string, status: number): unknown {
  const operation = (operations as Record<string, { responses: Record<string, unknown> }>)[method.toLowerCase()]
  const response = operation?.responses[String(status)] ?? operation?.responses.default
  return (response as { content: Record<string, { schema: unknown }> }).content['application/json']?.schema
}

/** OpenAPI 3.0 says `nullable`, and JSON Schema does not; references get the name of the document. */
function withNull(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withNull)
  if (typeof schema !== 'object' || schema === null) return schema
  const entries = Object.entries(schema).map(([name, value]) =>
    name === '$ref' && typeof value === 'string' ? [name, value.replace('#/', 'stripe#/')] : [name, withNull(value)],
  )
  const changed = Object.fromEntries(entries) as Record<string, unknown>
  return changed.nullable === true ? { anyOf: [{ ...changed, nullable: undefined }, { type: 'null' }] } : changed
}
