import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createLogger } from '../src/platform/log.ts'
import { createPool } from '../src/platform/postgres.ts'
import { hasNoBrowser, overflowOf, type Stage, sample, setStage, violationsOf } from './browser.ts'

setDefaultTimeout(60_000)

const attack = `<img src=x onerror="document.title='broken'">`
const unpaid = (uid: string) => ({ ...sample, order_uid: uid, payment: { ...sample.payment, payment_dt: 0 } })

type Page = Awaited<ReturnType<Stage['open']>>
type Payment = { id: string; state: string; amounts: Record<string, number> }

describe.skipIf(hasNoBrowser)('payments, in Chromium', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage()
  })
  afterAll(() => stage.close())
  afterEach(() => expect(stage.complaints()).toEqual([]))

  let keys = 0
  const pay = async (uid: string, body: object): Promise<Payment> => {
    keys += 1
    const headers = { 'content-type': 'application/json', 'idempotency-key': `key-${keys}` }
    const made = { provider: 'sandbox', method_token: 'tok_approve', ...body }
    const path = `${stage.url}/api/orders/${uid}/payments`
    return (await (await fetch(path, { method: 'POST', headers, body: JSON.stringify(made) })).json()) as Payment
  }
  const paymentsOf = async (uid: string) =>
    (await (await fetch(`${stage.url}/api/orders/${uid}/payments`)).json()) as Payment[]
  const cardOf = (page: Page) => page.getByRole('region', { name: 'Payments' })
  const act = async (page: Page, button: string) => {
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await cardOf(page).getByRole('button', { name: button }).first().click()
    return page.getByRole('dialog')
  }

  test('an order is paid, captured in parts and refunded by clicks; its payments and its timeline follow', async () => {
    await stage.place(unpaid('paid-by-clicks'))
    const page = await stage.open('/orders/paid-by-clicks')
    await cardOf(page).getByText('No payments yet.').waitFor()
    const begin = await act(page, 'New payment')
    await begin.getByLabel('Provider').selectOption('sandbox')
    await begin.getByLabel('Payment method token').selectOption('tok_approve')
    await begin.getByLabel('Return URL').fill('https://shop.example/thanks')
    await begin.getByRole('radio', { name: 'Capture later' }).check({ force: true })
    await begin.getByText('Asks the provider to authorize $18.17. You capture it later.').waitFor()
    expect(await violationsOf(page)).toEqual([])
    await begin.getByRole('button', { name: 'Pay $18.17' }).click()
    await cardOf(page).getByText('authorized', { exact: true }).waitFor()
    await page.locator('.event-title').getByText('Payment authorized').waitFor()
    expect(await cardOf(page).getByRole('button', { name: 'New payment' }).count()).toBe(0)

    const capture = await act(page, 'Capture')
    await capture.getByLabel('Amount in USD').fill('10.001')
    await capture.getByText('Enter an amount such as 12.50').waitFor()
    await capture.getByLabel('Amount in USD').fill('99')
    await capture.getByRole('button', { name: 'Capture $99.00' }).click()
    await capture.getByRole('alert').getByText('At most $18.17.').waitFor()
    await capture.getByLabel('Amount in USD').fill('10')
    await capture.getByText('Takes $10.00 from the payer. $8.17 stays authorized.').waitFor()
    expect(await violationsOf(page)).toEqual([])
    await capture.getByRole('button', { name: 'Capture $10.00' }).click()
    await page.getByText('$10.00 captured.').waitFor()
    await cardOf(page).getByText('partially captured').waitFor()

    const rest = await act(page, 'Capture')
    await rest.getByText('Takes $8.17 from the payer.').waitFor()
    await rest.getByRole('button', { name: 'Capture $8.17' }).click()
    await page.locator('.order-summary').getByText('paid', { exact: true }).waitFor()
    const refund = await act(page, 'Refund')
    await refund.getByLabel('Amount in USD').fill('3.17')
    await refund.getByText('Pays $3.17 back to the payer. $15.00 can still be refunded afterwards.').waitFor()
    await refund.getByLabel('Reason').fill(attack)
    await refund.getByRole('button', { name: 'Refund $3.17' }).click()
    await page.getByText('$3.17 refunded.').waitFor()
    await page.locator('.event-title').getByText('Payment refunded').waitFor()
    const titles = (await page.locator('.event-title').allInnerTexts()).filter(title => title.startsWith('Payment'))
    expect(titles.filter(title => !title.startsWith('Payment is'))).toEqual([
      'Payment refunded',
      'Payment captured',
      'Payment captured',
      'Payment authorized',
    ])
    expect(await page.locator('.timeline').getByText('$3.17', { exact: true }).count()).toBe(1)
    expect(await page.locator('main img').count()).toBe(0)
    expect(await violationsOf(page)).toEqual([])
    expect((await paymentsOf('paid-by-clicks'))[0]).toMatchObject({ amounts: { captured: 1817, refunded: 317 } })
  })

  test('a refund whose answer is lost is sent again with the same key, and the payer is paid back once', async () => {
    await stage.place(unpaid('answer-lost'))
    await pay('answer-lost', {})
    const page = await stage.open('/orders/answer-lost')
    const sent: (string | undefined)[] = []
    await page.route('**/refunds', async route => {
      sent.push(route.request().headers()['idempotency-key'])
      const response = await route.fetch()
      if (sent.length === 1) await route.abort()
      else await route.fulfill({ response })
    })
    const dialog = await act(page, 'Refund')
    await dialog.getByLabel('Amount in USD').fill('5.00')
    await dialog.getByLabel('Reason').fill('damaged')
    await dialog.getByRole('button', { name: 'Refund $5.00' }).click()
    await dialog.getByText('Cannot reach the service').waitFor()
    await dialog.getByRole('button', { name: 'Refund $5.00' }).click()
    await page.getByText('$5.00 refunded.').waitFor()
    expect(sent).toHaveLength(2)
    expect(sent[0]).toMatch(/^[0-9a-f]{32}$/)
    expect(sent[1]).toBe(sent[0])
    expect((await paymentsOf('answer-lost'))[0]).toMatchObject({ amounts: { refunded: 500 } })
    expect(stage.complaints().every(text => text.includes('net::ERR_FAILED'))).toBe(true)
  })

  test('what somebody else was faster with is refused with the amount that is left, and can be mended in the dialog', async () => {
    await stage.place(unpaid('raced-refund'))
    const { id } = await pay('raced-refund', {})
    const page = await stage.open('/orders/raced-refund')
    const dialog = await act(page, 'Refund')
    await dialog.getByLabel('Reason').fill('returned')
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'somebody-else' }
    await fetch(`${stage.url}/api/payments/${id}/refunds`, { method: 'POST', headers, body: '{"amount":1000}' })
    await dialog.getByRole('button', { name: 'Refund $18.17' }).click()
    await dialog.getByRole('alert').getByText('At most $8.17.').waitFor()
    await dialog.getByLabel('Amount in USD').fill('8.17')
    await dialog.getByRole('button', { name: 'Refund $8.17' }).click()
    await page.getByText('$8.17 refunded.').waitFor()
    expect((await paymentsOf('raced-refund'))[0]).toMatchObject({ amounts: { refunded: 1817 } })
    expect(stage.complaints().every(text => text.includes('409'))).toBe(true)
  })

  test("a provider's refusal is shown in its words: of a payment, and of what is asked of one", async () => {
    await stage.place(unpaid('refused'))
    const page = await stage.open('/orders/refused')
    const begin = await act(page, 'New payment')
    await begin.getByLabel('Payment method token').selectOption('tok_decline')
    await begin.getByRole('button', { name: 'Pay $18.17' }).click()
    await page.getByText('Payment of $18.17 failed: The payment was declined').waitFor()
    await cardOf(page).getByText('Refused: The payment was declined (declined)').waitFor()

    await pay('refused', { capture: 'manual' })
    await cardOf(page).getByRole('button', { name: 'Capture' }).waitFor()
    const pool = createPool(stage.database, { connectionsMax: 1, name: 'test', log: createLogger({ level: 'silent' }) })
    await pool.query(
      `update sandbox_payments set payment = jsonb_set(payment::jsonb, '{expiresAtMs}', '1')::json where order_uid = 'refused'`,
    )
    await pool.end()
    const capture = await act(page, 'Capture')
    await capture.getByRole('button', { name: 'Capture $18.17' }).click()
    await page.getByText('Capture of $18.17 was refused: The authorization is expired').waitFor()
    await cardOf(page).getByText('Refused: The authorization is expired').waitFor()
  })

  test('money that people move is recorded, a payment of the page is confirmed by its payer, and one is voided', async () => {
    await stage.place(unpaid('by-hand'))
    await pay('by-hand', { provider: 'manual', method_token: undefined, amount: 1000, capture: 'manual' })
    await pay('by-hand', { method_token: 'tok_action', amount: 800 })
    const page = await stage.open('/orders/by-hand')
    const record = await act(page, 'Record')
    await record.getByText('Records that $10.00 has come in. No money is moved by this.').waitFor()
    await record.getByLabel('Reference').fill('receipt 7')
    await record.getByRole('button', { name: 'Record' }).click()
    await page.getByText('$10.00 recorded.').waitFor()
    await cardOf(page).getByText('reference receipt 7').waitFor()
    const link = cardOf(page).getByRole('link', { name: 'Open the payment page' })
    const [shop] = await Promise.all([page.waitForEvent('popup'), link.click()])
    await shop
      .getByRole('heading', { name: 'Pay $8.00' })
      .or(shop.getByRole('heading', { level: 1 }))
      .first()
      .waitFor()
    await shop.close()
    const release = await act(page, 'Void')
    await release.getByText('Nothing more is taken from the payer. This cannot be undone.').waitFor()
    await release.getByRole('button', { name: 'Void' }).click()
    await cardOf(page).getByText('voided', { exact: true }).waitFor()
  })

  test('the list is filtered and searched, and a payment opened, with the keyboard alone', async () => {
    await stage.place(unpaid('listed'))
    const { id } = await pay('listed', { amount: 700, capture: 'manual' })
    const page = await stage.open('/')
    await page.locator('h1').waitFor()
    await page.keyboard.press('g')
    // A busy page hears of the second key late.
    const busy = page.evaluate('for (const end = performance.now() + 1600; performance.now() < end; );')
    await page.keyboard.press('p')
    await busy
    await page.getByRole('heading', { level: 1, name: 'Payments' }).waitFor()
    await page.getByLabel('Payment ID or order ID').fill('listed')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/payments?order_uid=listed')
    await page.locator('.payments tbody tr').getByText('$7.00').waitFor()
    expect(await page.locator('.payments tbody tr').count()).toBe(1)
    await page.getByRole('checkbox', { name: 'failed' }).press('Space')
    await page.getByText('No matching payments').waitFor()
    await page.getByRole('button', { name: 'Clear all filters' }).press('Enter')
    await page.locator('.payments tbody tr').nth(1).waitFor()
    for (const key of ['j', 'Enter']) await page.keyboard.press(key)
    await page.getByRole('heading', { level: 1, name: id }).waitFor()
    await page.getByRole('button', { name: 'Sync' }).press('Enter')
    await page.getByText('The payment is authorized.').waitFor()
    await page.getByRole('link', { name: 'listed' }).press('Enter')
    await page.getByRole('heading', { level: 1, name: 'listed' }).waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type(id)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: id }).waitFor()
  })

  test('a search that is answered late does not take somebody away who has opened another page', async () => {
    await stage.place(unpaid('late-search'))
    const { id } = await pay('late-search', { amount: 700, capture: 'manual' })
    const page = await stage.open('/orders/late-search')
    const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    await page.route(`**/api/payments/${id}`, async route => {
      asked.resolve()
      await answered.promise
      await route.continue()
    })
    await page.locator('h1').waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type(id)
    await page.keyboard.press('Enter')
    await asked.promise
    await page.getByRole('navigation').getByRole('link', { name: 'Ledger' }).press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Ledger' }).waitFor()
    const response = page.waitForResponse(`**/api/payments/${id}`)
    answered.resolve()
    await (await response).finished()
    await page.getByRole('table', { name: 'USD' }).waitFor()
    expect(new URL(page.url()).pathname).toBe('/ledger')
  })

  test('the list goes on reading behind a page without a match', async () => {
    await stage.place(unpaid('rare'))
    await pay('rare', { amount: 700 })
    const page = await stage.open('/')
    // As it is behind many payments of another provider.
    const link = '<payments?provider=sandbox&cursor=9999999999999-z>; rel="next"'
    await page.route(/api\/payments\?/, route =>
      route.request().url().includes('cursor=') ? route.continue() : route.fulfill({ json: [], headers: { link } }),
    )
    await page.goto(`${stage.url}/payments?provider=sandbox`)
    await page.locator('.payments tbody tr').filter({ hasText: 'rare' }).waitFor()
  })

  test.each([
    ['dark', 1280],
    ['light', 360],
  ] as const)('%s, %i pixels wide: WCAG holds and nothing is wider than the window', async (colorScheme, width) => {
    const uid = `${colorScheme}-${width}-${'x'.repeat(50)}`
    await stage.place(unpaid(uid))
    await pay(uid, { method_token: 'tok_decline' })
    const { id } = await pay(uid, { amount: 500, capture: 'manual' })
    const page = await stage.open('/payments', { colorScheme, width })
    for (const address of ['/payments', `/payments/${id}`, `/orders/${uid}`]) {
      await page.goto(stage.url + address)
      await page.locator('.payments tbody tr, .operations li').first().waitFor()
      expect([address, await violationsOf(page), await overflowOf(page)]).toEqual([address, [], 0])
    }
    await act(page, 'Void')
    await page.getByRole('dialog').waitFor()
    expect(await violationsOf(page)).toEqual([])
  })

  test('an unknown payment is reported as unknown', async () => {
    const page = await stage.open('/payments/pay_nobody')
    await page.getByText('Payment pay_nobody not found').waitFor()
    expect(stage.complaints().every(text => text.includes('404'))).toBe(true)
  })
})
