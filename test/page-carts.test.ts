import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { Page } from 'playwright-core'
import type { CartView } from '../src/carts/views.ts'
import { hasNoBrowser, overflowOf, type Stage, setStage, violationsOf } from './browser.ts'
import { recipient } from './carts.ts'

setDefaultTimeout(60_000)

const attack = `<img src=x onerror="document.title='broken'">`
const long = 'x'.repeat(64)

describe.skipIf(hasNoBrowser)('carts and what prices them, in Chromium', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage()
  })
  afterAll(() => stage.close())
  afterEach(() => expect(stage.complaints()).toEqual([]))

  const send = async <Answer>(method: string, path: string, body: object): Promise<Answer> => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(stage.url + path, { method, headers, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as Answer
  }
  /** A cart of two units, which can be checked out. */
  const fill = async (name: string, change: object = {}): Promise<CartView> => {
    await send('PUT', '/api/items/901', { nm_id: 9, name, brand: 'Test', prices: { USD: 1_200 } })
    await send('PUT', '/api/delivery-methods/parcel', { name: 'Parcel', prices: { USD: 500 } })
    const { id } = await send<CartView>('POST', '/api/carts', { currency: 'USD' })
    await send('PUT', `/api/carts/${id}/lines/901`, { quantity: 2 })
    const body = { email: 'ada@example.com', delivery: recipient, delivery_method: 'parcel', ...change }
    return send('PATCH', `/api/carts/${id}`, body)
  }
  const checkOut = ({ id, total }: CartView) =>
    send('POST', `/api/carts/${id}/checkout`, {
      payment: { provider: 'sandbox', method_token: 'tok_approve' },
      expected_total: total,
    })
  const go = async (page: Page, key: string) => {
    for (const pressed of ['g', key]) await page.keyboard.press(pressed)
  }
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).press('Enter')
  /** Whether an id is free was asked, and answered with 404. */
  const forgive404 = () => expect(stage.complaints().filter(text => !text.includes('404'))).toEqual([])

  test('a discount code is created, found, edited, used up and deactivated', async () => {
    const page = await stage.open('/')
    await page.clock.install()
    await page.locator('h1').waitFor()
    await go(page, 'u')
    await page.getByText('No discounts yet').waitFor()
    await page.getByRole('button', { name: 'Create discount' }).click()
    const dialog = page.getByRole('dialog')
    expect(await violationsOf(page)).toEqual([])
    await dialog.getByLabel('Code').fill('WELCOME')
    await dialog.getByLabel('Percent off').fill('10')
    await dialog.getByLabel('Total uses').fill('1')
    await dialog.getByRole('button', { name: 'Create discount' }).press('Enter')
    await page.getByRole('row', { name: /^WELCOME 10 % off 0 of 1 Active/ }).waitFor()
    await press(page, 'Create discount')
    await dialog.getByLabel('Code').fill('welcome')
    await dialog.getByLabel('Percent off').fill('5')
    await dialog.getByLabel('Percent off').press('Enter')
    await dialog.getByRole('alert').getByText('welcome already exists').waitFor()
    await dialog.getByLabel('Code').fill('FIVER')
    await dialog.getByLabel('Type').selectOption('Fixed amount')
    await dialog.getByLabel('Currency', { exact: true }).fill('usd')
    await dialog.getByLabel('Amount', { exact: true }).fill('5.00')
    await dialog.getByText('Dates and minimum subtotal').press('Enter')
    await dialog.getByLabel('Starts').fill('2099-01-01T00:00')
    await dialog.getByRole('button', { name: 'Create discount' }).click()
    await page.getByRole('row', { name: /^FIVER \$5\.00 off Starts .* 0 Scheduled/ }).waitFor()

    await checkOut(await fill('Blue mug', { discount_codes: ['WELCOME'] }))
    // The page reads its list again every five seconds.
    await page.clock.fastForward(5_000)
    await page.getByRole('row', { name: /^WELCOME 10 % off 1 of 1 Used up/ }).waitFor()
    await press(page, 'Edit WELCOME')
    await dialog.getByLabel('Total uses').fill('100')
    await press(page, 'Save')
    await page.getByRole('row', { name: /^WELCOME 10 % off 1 of 100 Active/ }).waitFor()
    await press(page, 'Deactivate WELCOME')
    await dialog.getByRole('button', { name: 'Deactivate' }).press('Enter')
    await page.getByRole('row', { name: /^WELCOME .* Inactive/ }).waitFor()
    await page.getByRole('searchbox', { name: 'Discount code' }).fill('fiver')
    await page.keyboard.press('Enter')
    await page.getByRole('row', { name: /^WELCOME/ }).waitFor({ state: 'detached' })
    await page.getByRole('row', { name: /^FIVER/ }).waitFor()
    await page.getByRole('searchbox', { name: 'Discount code' }).fill('nobody')
    await page.keyboard.press('Enter')
    await page.getByText('No matching discounts').waitFor()
    forgive404()
  })

  test('a delivery method and a tax rate are created, edited, and deactivated or removed', async () => {
    const page = await stage.open('/')
    await page.locator('h1').waitFor()
    await go(page, 'm')
    await press(page, 'Create delivery method')
    const dialog = page.getByRole('dialog')
    expect(await violationsOf(page)).toEqual([])
    await dialog.getByLabel('ID', { exact: true }).fill('post')
    await dialog.getByLabel('Name').fill(attack)
    await dialog.getByLabel('Currency', { exact: true }).first().fill('EUR')
    await dialog.getByLabel('Price', { exact: true }).fill('4.90')
    await dialog.getByLabel('Countries').fill('de, at, xx')
    await dialog.getByLabel('Countries').press('Enter')
    await dialog.getByRole('alert').getByText('Unknown country: XX').waitFor()
    await dialog.getByLabel('Countries').fill('de, at')
    await dialog.getByText('Germany, Austria').waitFor()
    await dialog.getByLabel('Countries').press('Enter')
    const row = page.getByRole('row', { name: attack })
    await row.getByText('€4.90').waitFor()
    await row.getByText('Germany, Austria').waitFor()
    await row.getByRole('button', { name: 'Edit' }).click()
    await dialog.getByLabel('Name').fill('Post')
    await press(page, 'Save')
    await press(page, 'Deactivate Post')
    await dialog.getByRole('button', { name: 'Deactivate' }).press('Enter')
    await page.getByRole('row', { name: /^Post post Inactive/ }).waitFor()
    await page.getByLabel('Delivers to').selectOption('FR')
    await page
      .getByText('No delivery methods for this country')
      .or(page.getByRole('row', { name: /^Parcel/ }))
      .waitFor()
    await page.getByRole('row', { name: /^Post/ }).waitFor({ state: 'detached' })

    await go(page, 'v')
    await page.getByText('No tax rates yet').waitFor()
    await page.getByRole('button', { name: 'Create tax rate' }).click()
    expect(await violationsOf(page)).toEqual([])
    await dialog.getByLabel('ID', { exact: true }).fill('us-ny')
    await dialog.getByRole('combobox', { name: 'Country' }).selectOption('US')
    await dialog.getByLabel('Region').fill('NY')
    await dialog.getByLabel('Name', { exact: true }).fill('Sales tax')
    await dialog.getByLabel('Rate in percent').fill('8,875')
    await dialog.getByLabel('Rate in percent').press('Enter')
    await dialog.getByRole('alert').getByText('The rate is not valid').waitFor()
    await dialog.getByLabel('Rate in percent').fill('8.875')
    await dialog.getByLabel('Rate in percent').press('Enter')
    await page
      .getByRole('row', { name: /^United States, NY us-ny standard Sales tax 8\.875 % Added to prices/ })
      .waitFor()
    await press(page, 'Edit us-ny')
    await dialog.getByLabel('Included in prices').check()
    await press(page, 'Save')
    await page.getByRole('row', { name: /Sales tax 8\.875 % Included in prices/ }).waitFor()
    await press(page, 'Remove us-ny')
    await dialog.getByRole('button', { name: 'Remove' }).press('Enter')
    await page.getByText('No tax rates yet').waitFor()
    forgive404()
  })

  test('a cart is seen with its items, totals, warnings and recipient, and after its checkout with its order', async () => {
    const cart = await fill(attack, { discount_codes: ['nobody'], note: 'ring twice' })
    await send('PUT', '/api/items/901', { nm_id: 9, name: attack, brand: 'Test', prices: { USD: 1_300 } })
    const page = await stage.open('/')
    await page.locator('h1').waitFor()
    await go(page, 'c')
    await page.getByRole('row', { name: new RegExp(`^ada@example.com ${cart.id} 2 units, 1 item Open`) }).waitFor()
    await page.getByRole('link', { name: new RegExp(cart.id) }).press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Cart of ada@example.com' }).waitFor()
    const warnings = page.getByRole('list', { name: 'Warnings' })
    await warnings.getByText(`${attack}: the price was $12.00 and is now $13.00`).waitFor()
    await warnings.getByText('nobody: the code is unknown').waitFor()
    await page.getByRole('row', { name: `${attack} Test · No. 901 $13.00 2 – $26.00`, exact: true }).waitFor()
    await page.locator('.cart-totals .total').getByText('$31.00').waitFor()
    await page.locator('.recipient').getByText('United Kingdom').waitFor()
    await checkOut({ ...cart, total: 3_100 })
    await page.reload()
    const uid = cart.id.replace('cart_', 'ord_')
    await page.getByRole('link', { name: uid }).press('Enter')
    await page.getByText('Cart checked out').waitFor()
    await page.getByRole('searchbox', { name: 'Find a cart by ID' }).fill(cart.id)
    await page.keyboard.press('Enter')
    await page.locator('.summary-line').getByText('Checked out').waitFor()
    await page.goto(`${stage.url}/carts?state=checked_out`)
    await page.getByRole('row', { name: new RegExp(`${cart.id} .* Checked out`) }).waitFor()
    const find = page.getByRole('searchbox', { name: 'Cart ID, customer or email' })
    for (const [text, shown] of [
      ['eve@example.com', page.getByText('No matching carts')],
      ['ada@example.com', page.getByRole('row', { name: new RegExp(`${cart.id} .* Checked out`) })],
      ['c-1', page.getByText('No matching carts')],
    ] as const) {
      await find.fill(text)
      await page.keyboard.press('Enter')
      await shown.waitFor()
    }
    await find.fill('')
    await page.keyboard.press('Enter')
    await page.getByRole('radio', { name: 'Abandoned' }).check({ force: true })
    await page.getByText('No abandoned carts').waitFor()
    await find.fill(cart.id)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Cart of ada@example.com' }).waitFor()
    await page.goto(`${stage.url}/carts/nobody`)
    await page.getByText('Cart nobody not found').waitFor()
    forgive404()
  })

  test.each([
    ['dark', 1280],
    ['light', 360],
  ] as const)('%s, %i pixels wide: WCAG holds and nothing is wider than the window', async (colorScheme, width) => {
    await send('PUT', `/api/discounts/${long}`, {
      kind: 'fixed',
      amounts: { USD: 100, EUR: 90, JPY: 150, GBP: 80 },
      limit: 3,
    })
    await send('PUT', '/api/delivery-methods/everywhere', {
      name: long,
      prices: { USD: 500 },
      free_from: { USD: 9_000 },
    })
    await send('PUT', '/api/tax-rates/gb', {
      country: 'GB',
      region: long,
      name: long,
      rate_ppm: 200_000,
      tax_class: long,
    })
    const { id } = await fill(long, { note: 'n'.repeat(500), metadata: { source: long }, discount_codes: [long] })
    const page = await stage.open('/', { colorScheme, width })
    for (const address of ['/carts', `/carts/${id}`, '/discounts', '/delivery-methods', '/tax-rates']) {
      await page.goto(stage.url + address)
      await page.locator('.rows tbody tr, .cart-lines tbody tr').first().waitFor()
      expect([address, await violationsOf(page), await overflowOf(page)]).toEqual([address, [], 0])
    }
  })
})
