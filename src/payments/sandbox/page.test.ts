import { afterAll, describe, expect, test } from 'bun:test'
import { createOrdersDatabase } from '../../../test/app.ts'
import type { Route } from '../../platform/http.ts'
import { createLogger } from '../../platform/log.ts'
import { createSandbox } from '../providers/sandbox.ts'

const { pool, drop } = await createOrdersDatabase()
afterAll(drop)

const log = createLogger({ level: 'silent' })
const signal = new AbortController().signal
const sandbox = createSandbox({ pool, now: Date.now, log, basePath: '/shop', deliver: async () => true })
const { provider, routes = [] } = sandbox

let count = 0

async function open({ orderUid = 'order-1', currency = 'USD', returnUrl = 'https://shop.example/thanks' } = {}) {
  count += 1
  const operationId = `op_${count}`
  const request = {
    paymentId: `pay_${count}`,
    orderUid,
    operationId,
    providerRef: undefined,
    currency,
    amount: 1817,
    capture: 'automatic',
    methodToken: undefined,
    returnUrl,
  } as const
  const outcome = await provider.authorize(request, signal, async () => undefined)
  const id = `sbx_${operationId}`
  const state = async () => {
    const found = await provider.fetch({ providerRef: id }, signal)
    return found.kind === 'reported' ? found.report.authorization.state : found.kind
  }
  return {
    id,
    outcome,
    state,
    read: () => ask('GET', '', id),
    press: (choice: string) => ask('POST', `/${choice}`, id),
  }
}

async function ask(method: Route['method'], ending: string, id: string) {
  const route = routes.find(
    ({ path, ...route }) => route.method === method && path === `/sandbox/payments/:id${ending}`,
  )
  if (route === undefined) throw new Error(`there is no ${method} ${ending}`)
  const request = new Request(`http://localhost/sandbox/payments/${id}${ending}`, { method })
  const response = await route.handle({ request, params: { id }, startedMs: 0 })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

describe("the payer's page", () => {
  test('is where the payment leads to, and says what is paid, and that it is a sandbox', async () => {
    const { id, outcome, read } = await open()
    const nextAction = { type: 'redirect', url: `/shop/sandbox/payments/${id}` }
    expect(outcome).toMatchObject({ report: { authorization: { state: 'requires_action', nextAction } } })
    const { status, text } = await read()
    expect(status).toBe(200)
    expect(text).toContain('This is a sandbox: no money moves.')
    expect(text).toContain('Pay 18.17 USD')
    expect([...text.matchAll(/action="([^"]+)"/g)].map(([, action]) => action)).toEqual(
      ['approve', 'decline', 'confirm'].map(choice => `${id}/${choice}`),
    )
  })

  test('shows amounts with the digits of their currency', async () => {
    expect((await (await open({ currency: 'JPY' })).read()).text).toContain('Pay 1817 JPY')
    expect((await (await open({ currency: 'BHD' })).read()).text).toContain('Pay 1.817 BHD')
  })

  test('approves', async () => {
    const { id, press, read, state } = await open()
    const pressed = await press('approve')
    expect([pressed.status, pressed.headers.get('location')]).toEqual([303, `../${id}`])
    expect(await state()).toBe('authorized')
    const { text } = await read()
    expect(text).toContain('The payment was approved.')
    expect(text).toContain('<a href="https://shop.example/thanks">')
    // Pressed again, also in another window: it stays as it was decided.
    expect((await press('decline')).status).toBe(303)
    expect(await state()).toBe('authorized')
  })

  test('declines', async () => {
    const { press, read, state } = await open()
    await press('decline')
    expect(await state()).toBe('failed')
    expect((await read()).text).toContain('The payment was declined.')
  })

  test('asks for a confirmation first', async () => {
    const { press, read, state } = await open()
    await press('confirm')
    expect(await state()).toBe('requires_action')
    expect((await read()).text).toContain('Your bank asks you to confirm the payment.')
    await press('approve')
    expect(await state()).toBe('authorized')
  })

  test('makes no markup of data, runs no script, and links to web addresses only', async () => {
    const markup = '"><script>alert(1)</script>'
    for (const returnUrl of ['javascript:alert(1)', `https://shop.example/${markup}`, markup]) {
      const { press, read } = await open({ orderUid: markup, returnUrl })
      await press('approve')
      const { headers, text } = await read()
      expect(text).not.toMatch(/<script|javascript:/)
      expect(text).toContain('&quot;&gt;&lt;script&gt;alert(1)')
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy).toContain("default-src 'none'")
      expect(policy).not.toContain('script-src')
      expect(policy).not.toContain('unsafe')
    }
  })

  test('of a payment that is not there is none', async () => {
    for (const id of ['sbx_none', '\0', '../x', '%00']) {
      expect((await ask('GET', '', id)).status).toBe(404)
      expect((await ask('POST', '/approve', id)).status).toBe(404)
    }
  })
})
