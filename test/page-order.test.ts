import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createPool } from '../src/platform/postgres.ts'
import { hasNoBrowser, type Stage, sample, setStage } from './browser.ts'
import { testLog } from './kafka.ts'
import { changePaidOf } from './payment-status.ts'
import { runCli } from './run-cli.ts'

setDefaultTimeout(60_000)

describe.skipIf(hasNoBrowser)('an order, in Chromium', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage()
  })
  afterAll(() => stage.close())
  afterEach(() => expect(stage.complaints()).toEqual([]))

  test('is shown as an invoice in the format of its currency, and as JSON', async () => {
    await stage.place(sample)
    await stage.place({ ...sample, order_uid: 'yen', payment: { ...sample.payment, currency: 'JPY' } })
    const page = await stage.open(`/orders/${sample.order_uid}`)
    const invoice = page.locator('.invoice')
    await invoice.getByText('Mascaras').waitFor()
    const text = await invoice.textContent()
    for (const part of ['$18.17', '$4.53', '−30 %', 'Kiryat Mozkin', 'WBILMTESTTRACK']) expect(text).toContain(part)
    await page.getByRole('radio', { name: 'JSON' }).check()
    expect(JSON.parse((await page.locator('.document pre').textContent()) ?? '')).toMatchObject(sample)
    await page.goto(`${stage.url}/orders/yen`)
    await page.locator('.totals').getByText('¥1,817').waitFor()
  })

  test('is shown with its country, discounts and taxes, or with what an older document has under their names', async () => {
    const { delivery, payment } = sample
    const parts = { discount_total: 17, tax_total: 100, amount: 1900 }
    await stage.place({
      ...sample,
      order_uid: 'taxed',
      delivery: { ...delivery, country: 'IL' },
      payment: { ...payment, ...parts },
    })
    const page = await stage.open('/orders/taxed')
    await page.locator('.invoice').getByText('Israel').waitFor()
    const totals = await page.locator('.totals').textContent()
    expect(totals).toContain('Discounts-$0.17Delivery')
    expect(totals).toContain('Tax$1.00Total$19.00')
    const pool = createPool(stage.database, { connectionsMax: 1, name: 'test', log: testLog })
    await stage.place({ ...sample, order_uid: 'older' })
    const older = { ...sample, order_uid: 'older', delivery: { ...delivery, country: 'Holy Land' } }
    const document = JSON.stringify({ ...older, payment: { ...payment, discount_total: 'none', tax_total: null } })
    await pool.query("update orders set document = $1 where order_uid = 'older'", [document])
    await pool.end()
    await stage.command('older', 'hold', 'so that it is read again')
    await page.goto(`${stage.url}/orders/older`)
    await page.locator('.invoice').getByText('Holy Land').waitFor()
    expect(await page.locator('.totals dt').allInnerTexts()).toEqual(['Subtotal', 'Delivery', 'Customs fee', 'Total'])
  })

  test('is shown with any time and currency, in the list as well', async () => {
    const far = { ...sample, order_uid: 'far', date_created: '2016-12-31t23:59:60.5z' }
    const payment = { ...sample.payment, currency: 'UYW', payment_dt: Number.MAX_SAFE_INTEGER }
    await stage.place({ ...far, payment })
    const page = await stage.open('/orders/far')
    await page.locator('.invoice').getByText('Mascaras').waitFor()
    const text = await page.locator('.invoice').textContent()
    for (const part of ['2017', '9007199254740991', '0.1817']) expect(text).toContain(part)
    await page.goto(`${stage.url}/orders`)
    await page.locator('a[href$="/orders/far"]').waitFor()
  })

  test('goes through its lifecycle by clicks: each is confirmed, given a reason, and shown in the timeline', async () => {
    await stage.place({ ...sample, order_uid: 'life', payment: { ...sample.payment, payment_dt: 0 } })
    const page = await stage.open('/orders/life')
    const act = async (button: string, reason: string) => {
      await page.locator('.page-head').getByRole('button', { name: button }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Reason').fill(reason)
      await dialog.getByRole('button', { name: button }).click()
      await dialog.waitFor({ state: 'hidden' })
    }
    await act('Confirm', 'paid by wire')
    await page.getByText('Order life confirmed.').waitFor()
    await act('Put on hold', 'address is checked')
    await act('Confirm', '')
    await act('Complete', '')
    await page.locator('.timeline li').nth(4).waitFor()
    expect(await page.locator('.event-title').allInnerTexts()).toEqual([
      'Completed',
      'Confirmed',
      'Put on hold',
      'Confirmed',
      'Order placed',
    ])
    expect(await page.locator('.reason').allInnerTexts()).toEqual(['address is checked', 'paid by wire'])
    expect(await page.locator('.page-head').getByRole('button').count()).toBe(0)
  })

  test('what is paid of it is shown as it changes, among the events of other streams', async () => {
    await stage.place({ ...sample, order_uid: 'paying', payment: { ...sample.payment, payment_dt: 0 } })
    const page = await stage.open('/orders/paying')
    await page.locator('.timeline').getByText('Order placed').waitFor()
    expect(await page.locator('.invoice').textContent()).toContain('not yet')
    const pool = createPool(stage.database, { connectionsMax: 1, name: 'test', log: testLog })
    // It has the sequence of the order's first event.
    await pool.query(`insert into events (stream_type, stream_id, concerns_order, sequence, type, recorded_at, data)
      values ('payment', 'pay_1', 'paying', 1, 'payment.authorized', now(), '{}'); call notify_log_grown()`)
    await changePaidOf(pool, { paying: { paymentStatus: 'authorized', reason: 'card' } })
    await page.locator('.timeline').getByText('Payment is authorized').waitFor()
    await changePaidOf(pool, { paying: { paymentStatus: 'paid', confirm: true } })
    await page.locator('.timeline').getByText('Confirmed').waitFor()
    expect(await page.locator('.event-title').allInnerTexts()).toEqual([
      'Confirmed',
      'Payment is authorized',
      'Payment authorized',
      'Order placed',
    ])
    await page.locator('.timeline').getByText('by payments, previously unpaid').waitFor()
    await page.locator('.invoice').getByText('paid', { exact: true }).waitFor()
    await pool.end()
  })

  test('a reason is asked for before an order is cancelled, and nothing happens without it', async () => {
    await stage.place({ ...sample, order_uid: 'kept' })
    const page = await stage.open('/orders/kept')
    await page.getByRole('button', { name: 'Cancel order' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Cancel order' }).click()
    expect(await dialog.isVisible()).toBe(true)
    await dialog.getByRole('button', { name: 'Back' }).click()
    const order = await (await fetch(`${stage.url}/api/orders/kept`)).json()
    expect(order).toMatchObject({ status: 'confirmed', version: 1 })
  })

  test('changes by others are shown live; an action that they rule out is rejected with a clear message', async () => {
    await stage.place({ ...sample, order_uid: 'raced' })
    const page = await stage.open('/orders/raced')
    await page.getByRole('button', { name: 'Complete' }).click()
    const dialog = page.getByRole('dialog')
    // The page must not have heard of the change before it is asked to complete the order.
    await page.route('**/api/orders/raced', route => route.abort())
    await stage.command('raced', 'cancel', 'the customer called')
    await page.locator('.event-title').getByText('Cancelled').waitFor()
    await page.unroute('**/api/orders/raced')
    await dialog.getByRole('button', { name: 'Complete' }).click()
    await dialog.getByText('The order has changed in the meantime').waitFor()
    await dialog.getByText('The order is now cancelled. Nothing was changed.').waitFor()
    expect(await dialog.getByRole('button', { name: 'Complete' }).isDisabled()).toBe(true)
    await dialog.getByRole('button', { name: 'Back' }).click()
    expect(await page.locator('.page-head').getByRole('button').count()).toBe(0)
    const complaints = stage.complaints()
    expect(complaints.filter(text => !text.startsWith('Failed to load resource'))).toEqual([])
  })

  test('an unknown one is reported as unknown', async () => {
    const page = await stage.open('/orders/nobody')
    await page.getByText('Order nobody not found').waitFor()
    expect(stage.complaints().every(text => text.includes('404'))).toBe(true)
  })

  test('a key is asked for when one is needed, a wrong one is rejected, and it is kept for this tab only', async () => {
    const page = await stage.open('/')
    await page.locator('.live-live').waitFor()
    const made = await runCli(
      ['keys', 'create', '--name', 'page', '--scopes', 'orders:read,orders:write'],
      stage.environment,
    )
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    await page.keyboard.press('Escape')
    await page.getByText('An API key is needed to show data.').waitFor()
    await page.getByRole('button', { name: 'Enter a key' }).click()
    await dialog.getByLabel('API key').fill('sk_not-one-of-ours')
    await dialog.getByRole('button', { name: 'Continue' }).click()
    await dialog.getByText('not one of ours').waitFor()
    await dialog.getByLabel('API key').fill(made.out.trim())
    await dialog.getByRole('button', { name: 'Continue' }).click()
    await page.locator('.tiles').waitFor()
    await page.getByRole('button', { name: 'Send test order' }).click()
    await page.getByText('Test order received').waitFor()
    await page.reload()
    await page.locator('.tiles').waitFor()
    const kept = await page.evaluate('[Object.values(sessionStorage), localStorage.length, document.cookie]')
    expect(kept).toEqual([[made.out.trim()], 0, ''])
    await page.getByRole('button', { name: 'Forget the API key' }).click()
    await dialog.waitFor()
    expect(await page.evaluate('sessionStorage.length')).toBe(0)
    expect(stage.complaints().every(text => text.includes('401'))).toBe(true)
  })
})
