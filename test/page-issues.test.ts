import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createLogger } from '../src/platform/log.ts'
import { createPool } from '../src/platform/postgres.ts'
import { hasNoBrowser, overflowOf, type Stage, sample, setStage, violationsOf } from './browser.ts'

setDefaultTimeout(60_000)

const attack = `<img src=x onerror="document.title='broken'">`

describe.skipIf(hasNoBrowser)('payment issues, in Chromium', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage({ PAYMENT_LATE_POLICY: 'hold' })
  })
  afterAll(() => stage.close())
  afterEach(() => expect(stage.complaints()).toEqual([]))

  let keys = 0
  const post = async <Answer>(path: string, body: object): Promise<Answer> => {
    keys += 1
    const headers = { 'content-type': 'application/json', 'idempotency-key': `key-${keys}` }
    const response = await fetch(stage.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as Answer
  }
  const placeUnpaid = (uid: string) =>
    stage.place({ ...sample, order_uid: uid, payment: { ...sample.payment, payment_dt: 0 } })
  const pay = async (uid: string, body: object): Promise<string> => {
    await placeUnpaid(uid)
    const path = `/api/orders/${uid}/payments`
    return (await post<{ id: string }>(path, { provider: 'sandbox', method_token: 'tok_approve', ...body })).id
  }
  const write = async (statement: string, values: readonly unknown[]) => {
    const pool = createPool(stage.database, { connectionsMax: 1, name: 'test', log: createLogger({ level: 'silent' }) })
    await pool.query(statement, [...values])
    await pool.end()
  }
  /** Has something that the sandbox does later have happened. */
  const hasten = async (uid: string, id: string, what: 'approvedAtMs' | 'failsAtMs') => {
    const text = `regexp_replace(payment::text, '"${what}":[0-9]+', '"${what}":1')`
    await write(`update sandbox_payments set payment = ${text}::json where order_uid = $1`, [uid])
    await post(`/api/payments/${id}/sync`, {})
  }
  /** A payment that is approved once its order is cancelled. */
  const payLate = async (uid: string, body: object): Promise<string> => {
    const id = await pay(uid, { method_token: 'tok_timeout', ...body })
    await stage.command(uid, 'cancel', 'changed their mind')
    await hasten(uid, id, 'approvedAtMs')
    return id
  }
  /** Records $1.83 more for an order than it costs. @returns the issue that is opened */
  const overpay = async (uid: string): Promise<{ id: string }> => {
    await placeUnpaid(uid)
    const { id } = await post<{ id: string }>(`/api/orders/${uid}/payments`, { provider: 'manual' })
    await post(`/api/payments/${id}/records`, { kind: 'capture', amount: 2000 })
    const issues = (await (await fetch(`${stage.url}/api/payment-issues?order_uid=${uid}`)).json()) as { id: string }[]
    const [issue] = issues
    if (issue === undefined) throw new Error(`${uid} has no issue`)
    return issue
  }

  test('one is found, and resolved with a reason, with the keyboard alone; then it is among the resolved ones', async () => {
    const page = await stage.open('/')
    await page.locator('h1').waitFor()
    for (const key of ['g', 'i']) await page.keyboard.press(key)
    await page.getByText('No open payment issues').waitFor()
    expect(await violationsOf(page)).toEqual([])
    await overpay('too-much')
    await page.locator('.issues').getByText('$1.83').waitFor()
    await page.getByRole('checkbox', { name: 'Dispute' }).press('Space')
    await page.getByText('No matching payment issues').waitFor()
    await page.getByRole('checkbox', { name: 'Overpaid' }).press('Space')
    await page.getByRole('link', { name: 'too-much' }).waitFor()
    expect(new URL(page.url()).searchParams.get('kind')).toBe('overpaid,dispute')
    await page.locator('h1').click()
    for (const key of ['j', 'Enter']) await page.keyboard.press(key)
    const dialog = page.getByRole('dialog', { name: 'Resolve: Overpaid' })
    await dialog.getByRole('radio', { name: 'Keep the money' }).check()
    await dialog.getByText('Books $1.83 as revenue.').waitFor()
    await dialog.getByLabel('Reason').fill(attack)
    await dialog.getByLabel('Who decides').fill('anna')
    expect(await violationsOf(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Keep the money' }).press('Enter')
    await page.getByText('Issue resolved.').waitFor()
    await page.getByText('No matching payment issues').waitFor()
    await page.getByRole('radio', { name: 'Resolved' }).check({ force: true })
    await page.locator('.issues').getByText('Money kept by anna').waitFor()
    await page.locator('.issues .reason').getByText(attack).waitFor()
    expect(await page.locator('main img').count()).toBe(0)
  })

  test('one that somebody else has resolved meanwhile is not resolved again', async () => {
    const { id } = await overpay('raced')
    const page = await stage.open('/payment-issues')
    await page.getByRole('button', { name: 'Resolve: Overpaid, raced' }).click()
    const dialog = page.getByRole('dialog')
    await post(`/api/payment-issues/${id}/resolve`, { action: 'dismiss', reason: 'paid back in cash', actor: 'bob' })
    await dialog.getByRole('radio', { name: 'Dismiss' }).check()
    await dialog.getByLabel('Reason').fill('nothing to do')
    await dialog.getByRole('button', { name: 'Dismiss' }).click()
    await dialog.getByRole('alert').getByText('The payment issue is resolved already').waitFor()
    await dialog.getByRole('button', { name: 'Back' }).click()
    await page.getByText('No open payment issues').waitFor()
    expect(stage.complaints().every(text => text.includes('409'))).toBe(true)
  })

  test('late money is refunded and released, a refund is made again, and an authorization captured, by clicks', async () => {
    const expiring = await pay('expiring', { capture: 'manual' })
    await write(
      "update payments set created_at = now() - interval '2 hours', authorized_until = now() + interval '1 hour', next_look_at = now() where payment_id = $1",
      [expiring],
    )
    const [late, held] = [await payLate('late', {}), await payLate('held', { capture: 'manual' })]
    const failed = await pay('failed', { method_token: 'tok_refund_fails_later' })
    await post(`/api/payments/${failed}/refunds`, { amount: 500 })
    await hasten('failed', failed, 'failsAtMs')
    const page = await stage.open('/payment-issues')
    for (const [about, action, effect] of [
      ['Late payment, late', 'Refund', 'Pays up to $18.17 back to the payer.'],
      ['Late payment, held', 'Void', 'Releases what is authorized. Nothing more is taken from the payer.'],
      ['Refund failed, failed', 'Refund again', 'Pays up to $5.00 back to the payer again.'],
      ['Authorization expires soon, expiring', 'Capture', 'Takes what is authorized from the payer.'],
    ] as const) {
      const button = page.getByRole('button', { name: `Resolve: ${about}` })
      await button.click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('radio', { name: action }).check()
      await dialog.getByText(effect).waitFor()
      await dialog.getByLabel('Reason').fill('asked for')
      await dialog.getByRole('button', { name: action }).click()
      await button.waitFor({ state: 'detached' })
    }
    const payments = await Promise.all(
      [late, held, failed, expiring].map(async id => (await fetch(`${stage.url}/api/payments/${id}`)).json()),
    )
    expect(payments).toMatchObject([
      { amounts: { captured: 1817, refunded: 1817 } },
      { state: 'voided' },
      { amounts: { refunded: 500 } },
      { state: 'captured' },
    ])
  })

  test.each([
    ['dark', 1280],
    ['light', 360],
  ] as const)('%s, %i pixels wide: WCAG holds and nothing is wider than the window', async (colorScheme, width) => {
    await overpay(`${colorScheme}-${'x'.repeat(50)}`)
    const page = await stage.open('/payment-issues?state=all', { colorScheme, width })
    await page.locator('.issues tbody tr').first().waitFor()
    expect([await violationsOf(page), await overflowOf(page)]).toEqual([[], 0])
  })
})
