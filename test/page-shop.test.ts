import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { hasNoBrowser, overflowOf, type Stage, setStage, shopFolder, trackFolder, violationsOf } from './browser.ts'
import { recipient } from './carts.ts'

setDefaultTimeout(60_000)

const attack = `<img src=x onerror="document.title='broken'">`

describe.skipIf(hasNoBrowser)('the demo shop, in Chromium', () => {
  let stage: Stage
  let folder: string
  beforeAll(async () => {
    folder = await shopFolder()
    stage = await setStage({ SHOP_DIR: folder, TRACKING_PAGE_DIR: await trackFolder(), STATIC_DIR: '/dev/null' })
  })
  afterAll(() => stage.close())
  afterEach(() => expect(stage.complaints()).toEqual([]))

  const send = async (method: string, path: string, body: object) => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(stage.url + path, { method, headers, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  }
  const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).press('Enter')
  const follow = (page: Page, name: string | RegExp) => page.getByRole('link', { name }).first().press('Enter')
  const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name }).waitFor()
  const total = (page: Page, amount: string) => page.locator('.totals .total', { hasText: amount }).waitFor()
  /** Every page fits a phone, and breaks no rule of accessibility. */
  const look = async (page: Page) => {
    expect(await overflowOf(page)).toBe(0)
    expect(await violationsOf(page)).toEqual([])
  }
  const fillAddress = async (page: Page, change: Record<string, string> = {}) => {
    const { name, phone, zip, city, address } = recipient
    const fields = { Email: 'ada@example.com', Name: name, Phone: phone, 'Street and house': address, ...change }
    for (const [label, text] of Object.entries({ ...fields, 'Postal code': zip, City: city }))
      await page.getByLabel(label, { exact: true }).fill(text)
    await page.getByLabel('Country').selectOption('DE')
    await press(page, 'Continue to delivery')
  }
  /** The requests that refused something, which the browser complains of. */
  const refused = (why: string) => {
    const complaints = stage.complaints()
    expect(complaints.filter(text => !text.includes(why))).toEqual([])
    expect(complaints.length).toBeGreaterThan(0)
  }

  /** Has the demo catalogue be there; a test that ran before may have filled it. */
  const fillCatalogue = async () => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }
    const { status } = await fetch(`${stage.url}/api/shop/demo-catalogue`, init)
    expect([200, 409]).toContain(status)
  }

  test('is filled, and bought from with the keyboard on a phone, until the order is paid', async () => {
    const page = await stage.open('/shop', { width: 360, height: 800 })
    await page.getByText('There is nothing to buy yet').waitFor()
    await look(page)
    await press(page, 'Fill the shop')
    await page.getByText('15 products').waitFor()
    await look(page)
    await page.getByRole('searchbox').fill('enamel')
    await page.getByText('1 product for “enamel”').waitFor()
    await page.getByLabel('Currency').selectOption('EUR')
    await press(page, 'Add to cart Enamel mug')
    await page.getByText('Enamel mug is in your cart.').waitFor()
    await page.getByRole('searchbox').fill('t-shirt')
    await page.getByText('1 product for “t-shirt”').waitFor()
    const sizes = page.getByLabel('Size of Cotton T-shirt')
    await sizes.selectOption({ label: 'L' })
    await page.getByText('Only 3 left').waitFor()
    await sizes.selectOption({ label: 'XL, sold out' })
    expect(await page.getByRole('button', { name: 'Add to cart Cotton T-shirt' }).isDisabled()).toBe(true)
    await sizes.selectOption({ label: 'M' })
    await press(page, 'Add to cart Cotton T-shirt')

    await follow(page, 'Cart 2 units')
    await heading(page, 'Cart')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Cart')
    await page.getByLabel('Quantity of Enamel mug').fill('2')
    await page.getByLabel('Quantity of Enamel mug').press('Tab')
    await total(page, '€50.00')
    await page.getByLabel('Discount code').fill('welcome10')
    await page.getByLabel('Discount code').press('Enter')
    await total(page, '€45.00')
    await look(page)

    await follow(page, 'Go to checkout')
    await heading(page, 'Checkout')
    await look(page)
    await fillAddress(page)
    await page.getByRole('radio', { name: 'Express, next day' }).check()
    await total(page, '€58.50')
    await page.getByRole('radio', { name: /Standard, 3 to 5 days/ }).check()
    await page.getByText('Includes VAT, 19%').waitFor()
    await look(page)
    await press(page, 'Order and pay €49.50')

    await page.getByRole('heading', { name: 'Pay 49.50 EUR' }).waitFor()
    await page.goBack()
    await heading(page, 'Checkout')
    await page.getByText('Your cart is empty').waitFor()
    await follow(page, 'Your order')
    await page.getByText('Your order waits for you to pay.').waitFor()
    await follow(page, 'Go to the payment page')
    await press(page, 'Approve')
    await follow(page, 'Back to the shop')
    await page.getByText('Thank you! Your order is paid and confirmed.').waitFor()
    await page.getByText('2 × Enamel mug').waitFor()
    await total(page, '€49.50')
    await look(page)
    await page.getByText('What this page asks of the API').click()
    await page
      .getByText(/^GET \/api\/carts\/.*\/order$/)
      .first()
      .waitFor()

    await follow(page, 'Track your parcels')
    await page.getByText('We are preparing your order.').waitFor()
    await page.goBack()
    await press(page, 'Cancel the order')
    await look(page)
    await press(page, 'Yes, cancel it')
    await page.getByText('Your order was cancelled.').waitFor()
    expect(await page.getByRole('button', { name: 'Cancel the order' }).count()).toBe(0)
  })

  test('orders nothing of what sells out between cart and checkout, and lets the customer pay again', async () => {
    await fillCatalogue()
    const page = await stage.open('/shop/')
    for (const name of ['Signed print, one of one', 'Notebook']) {
      await press(page, `Add to cart ${name}`)
      await page.getByText(`${name} is in your cart.`).waitFor()
    }
    await follow(page, 'Cart 2 units')
    await follow(page, 'Go to checkout')
    await fillAddress(page)
    await page.getByRole('radio', { name: /Standard/ }).check()
    const items = (await (await fetch(`${stage.url}/api/shop/items?q=signed`)).json()) as { chrt_id: number }[]
    const sold = { location: 'main', kind: 'adjusted', quantity: -1, reason: 'sold elsewhere' }
    await send('POST', `/api/stock/${items[0]?.chrt_id}/movements`, sold)
    await press(page, /^Order and pay/)
    await page.getByRole('alert').getByText('Somebody was faster').waitFor()
    refused('409')
    await follow(page, 'Look at the cart')
    await page.getByText('There is not enough in stock: 0 left.').waitFor()
    expect(await page.getByRole('link', { name: 'Go to checkout' }).count()).toBe(0)
    await press(page, 'Remove Signed print, one of one')
    await follow(page, 'Go to checkout')
    // The price changes while the customer looks at the old one.
    await page.getByRole('radio', { name: /Standard/, checked: true }).waitFor()
    await send('PUT', '/api/delivery-methods/standard', { name: 'Standard', prices: { USD: 599, EUR: 599 } })
    await press(page, /^Order and pay/)
    await page.getByRole('alert').getByText('The total has changed, and is €16.99 now.').waitFor()
    refused('409')
    await press(page, 'Order and pay €16.99')
    await press(page, 'Decline')
    await follow(page, 'Back to the shop')
    await page.getByText('Your payment was declined.').waitFor()
    await press(page, 'Pay again')
    await press(page, 'Approve')
    await follow(page, 'Back to the shop')
    await page.getByText('Thank you! Your order is paid and confirmed.').waitFor()
  })

  test('says that the service is away, and goes on when it is back', async () => {
    await fillCatalogue()
    const page = await stage.open('/shop/')
    await page.getByText(/products$/).waitFor()
    await page.route('**/api/**', route => route.abort())
    await page.getByRole('searchbox').fill('mug')
    await page.getByRole('alert').getByText('Cannot reach the service').waitFor()
    refused('ERR_FAILED')
    await page.unroute('**/api/**')
    await press(page, 'Try again')
    await page.getByText('1 product for “mug”').waitFor()
  })

  test('says beside each field what is wrong, and shows any text as text', async () => {
    await fillCatalogue()
    await send('PUT', '/api/items/77', {
      nm_id: 77,
      name: attack,
      brand: attack,
      size: attack,
      prices: { EUR: 0, USD: 99 },
    })
    const page = await stage.open('/shop/')
    await page.getByRole('searchbox').fill('<img')
    await page.getByText('1 product for').waitFor()
    await page.getByRole('button', { name: 'Add' }).press('Enter')
    await page.getByText('is in your cart').waitFor()
    await page.getByRole('searchbox').fill('no such thing')
    await page.getByRole('status').getByText('Nothing matches “no such thing”').waitFor()
    await press(page, 'Show everything')
    await follow(page, 'Cart 1 unit')
    const quantity = page.getByRole('spinbutton')
    await quantity.fill('-3')
    await quantity.press('Tab')
    await page.getByRole('alert').getByText('Value must be greater than or equal to 1.').waitFor()
    expect(await quantity.inputValue()).toBe('1')
    await page.getByLabel('Discount code').fill('NOTHING')
    await press(page, 'Apply')
    await page.getByText(/^The code does not apply: /).waitFor()
    await press(page, 'Remove code NOTHING')
    await follow(page, 'Go to checkout')
    await fillAddress(page, { Email: 'nobody', Phone: 'none', Name: attack })
    await page.getByRole('alert').getByText('Please check 2 fields.').waitFor()
    expect(await page.evaluate('document.activeElement.name')).toBe('email')
    await page.getByText('It must be an email address').waitFor()
    await look(page)
    refused('400')
    await page.getByLabel('Phone').fill('+44 20 7946 0000')
    await page.getByLabel('Email').fill('ada@example.com')
    await press(page, 'Continue to delivery')
    await page.locator('address', { hasText: attack }).waitFor()
    expect(await page.title()).toBe('Checkout · Demo shop')
    await press(page, 'Place the order')
    expect(await page.evaluate('document.querySelector("[type=radio]").validity.valid')).toBe(false)
  })

  test('is bought from behind a proxy that leaves a path on, in dark colours', async () => {
    const base = '/some/path'
    const behind = await setStage({
      BASE_PATH: base,
      SHOP_DIR: folder,
      TRACKING_PAGE_DIR: await trackFolder(),
      STATIC_DIR: '/dev/null',
    })
    const page = await behind.open(`${base}/shop`, { colorScheme: 'dark' })
    await press(page, 'Fill the shop')
    await page.getByText('15 products').waitFor()
    await look(page)
    await press(page, 'Add to cart Notebook')
    await follow(page, 'Cart 1 unit')
    await heading(page, 'Cart')
    await look(page)
    await follow(page, 'Go to checkout')
    await fillAddress(page)
    await page.getByRole('radio', { name: /Standard/ }).check()
    await press(page, /^Order and pay/)
    await press(page, 'Approve')
    await follow(page, 'Back to the shop')
    await page.getByText('Thank you! Your order is paid and confirmed.').waitFor()
    await look(page)
    expect(new URL(page.url()).pathname).toStartWith(`${base}/shop/`)
    await follow(page, 'Track your parcels')
    await page.getByText('This page is up to date').waitFor()
    expect(new URL(page.url()).pathname).toStartWith(`${base}/track/`)
    expect(behind.complaints()).toEqual([])
    await behind.close()
  })

  test('is not there where it is off', async () => {
    const off = await setStage({ DEMO_SHOP: 'false', SHOP_DIR: folder, STATIC_DIR: '/dev/null' })
    for (const path of ['/shop', '/shop/', '/shop/cart']) expect((await fetch(off.url + path)).status).toBe(404)
    expect(await (await fetch(`${off.url}/api/system`)).json()).toMatchObject({ pages: [] })
    const page = await off.open('/shop')
    expect(await page.locator('#shop').count()).toBe(0)
    expect(off.complaints().filter(text => !text.includes('404'))).toEqual([])
    await off.close()
  })
})
