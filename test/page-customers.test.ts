import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { hasNoBrowser, overflowOf, type Stage, sample, setStage, violationsOf } from './browser.ts'

setDefaultTimeout(60_000)

const attack = `c/<img src=x onerror="document.title='broken'">`
const [line] = sample.items
const unpaid = { ...sample.payment, payment_dt: 0 }
const orderOf = (customer: string, uid: string) => ({
  ...{ ...sample, order_uid: uid, customer_id: customer, payment: unpaid },
  items: [{ ...line, rid: `${uid}-a` }],
})

type Page = Awaited<ReturnType<Stage['open']>>

describe.skipIf(hasNoBrowser)('customers, in Chromium', () => {
  let stage: Stage
  let keys = 0
  beforeAll(async () => {
    stage = await setStage()
  })
  afterAll(() => stage.close())
  afterEach(() => expect(stage.complaints()).toEqual([]))

  const post = async (path: string, body: object): Promise<{ id: string }> => {
    keys += 1
    const headers = { 'content-type': 'application/json', 'idempotency-key': `key-${keys}` }
    const response = await fetch(stage.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as { id: string }
  }
  /** A customer of two orders, one of which was corrected, paid, delivered, and comes back; and a cart. */
  const fill = async (customer: string, uid: string) => {
    await stage.place(orderOf(customer, uid))
    await stage.place(orderOf(customer, `${uid}-later`))
    await post(`/api/orders/${uid}/delivery`, { city: 'Bonn', reason: attack, actor: 'ada' })
    await post(`/api/orders/${uid}/payments`, { provider: 'sandbox', method_token: 'tok_approve' })
    const { id } = await post(`/api/orders/${uid}/shipments`, { rids: [`${uid}-a`] })
    for (const step of ['ship', 'deliver']) await post(`/api/shipments/${id}/${step}`, {})
    await post(`/api/orders/${uid}/returns`, { rids: [`${uid}-a`], reason: attack })
    await post('/api/carts', { currency: 'USD', customer_id: customer })
  }
  const card = (page: Page, name: string) => page.getByRole('region', { name, exact: true })

  test('the page of an order leads to its customer, of whom everything is shown, exported and erased', async () => {
    await fill(attack, 'first')
    const page = await stage.open('/orders/first')
    await page.locator('.invoice').getByRole('link', { name: attack }).click()
    await page.getByRole('heading', { level: 1, name: attack }).waitFor()
    await card(page, 'Shipments').getByText('delivered', { exact: true }).waitFor()
    await card(page, 'Returns').getByText('requested', { exact: true }).waitFor()
    await card(page, 'Payments').getByText('captured', { exact: true }).waitFor()
    await card(page, 'Open carts').getByText('open', { exact: true }).waitFor()
    await card(page, 'Corrected recipients').getByText(attack).waitFor()
    expect(await card(page, 'Orders').locator('.entry-head a').allInnerTexts()).toEqual(['first-later', 'first'])
    expect(await page.locator('main img').count()).toBe(0)
    expect(await violationsOf(page)).toEqual([])

    const saving = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Export' }).click()
    const stream = await (await saving).createReadStream()
    const exported = JSON.parse(Buffer.concat(await Array.fromAsync(stream)).toString()) as {
      customer_id: string
      orders: object[]
    }
    expect([exported.customer_id, exported.orders.length]).toEqual([attack, 2])

    await page.getByRole('button', { name: 'Erase' }).press('Enter')
    const dialog = page.getByRole('dialog')
    for (const title of ['Erased', 'Kept', 'Not reached'])
      await dialog.getByRole('heading', { name: title, exact: true }).waitFor()
    await dialog.getByText('backups and exports that were made before').waitFor()
    expect(await violationsOf(page)).toEqual([])
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    await page.getByRole('button', { name: 'Erase' }).click()
    await dialog.getByLabel('Reason').fill('asked for')
    await dialog.getByRole('button', { name: 'Erase for good' }).click()
    await card(page, 'Erasures').getByText('finished', { exact: true }).waitFor()
    expect(await card(page, 'Erasures').getByText('asked for').count()).toBe(1)
    expect(
      await card(page, 'Erasures')
        .locator('div', { hasText: /^orders2$/ })
        .count(),
    ).toBe(1)
    await page.goto(`${stage.url}/orders/first`)
    await page.getByText('nobody@invalid').waitFor()
  })

  test('customers are looked up by keyboard; nothing is wider than a phone, in either theme', async () => {
    await fill('listed', 'second')
    const page = await stage.open('/customers', { colorScheme: 'dark', width: 360 })
    await page.getByRole('link', { name: 'listed' }).waitFor()
    expect([await violationsOf(page), await overflowOf(page)]).toEqual([[], 0])
    await page.getByRole('searchbox', { name: 'Customer ID' }).fill('nobody')
    await page.keyboard.press('Enter')
    await page.getByText('No orders of this customer.').waitFor()
    expect([await violationsOf(page), await overflowOf(page)]).toEqual([[], 0])
    for (const key of ['g', 'a']) await page.keyboard.press(key)
    await page.getByRole('link', { name: 'listed' }).press('Enter')
    await card(page, 'Shipments').getByText('delivered', { exact: true }).waitFor()
    expect([await violationsOf(page), await overflowOf(page)]).toEqual([[], 0])
  })

  test('a key that may only read sees no carts, and can neither export nor erase', async () => {
    await stage.place(orderOf('keyed', 'third'))
    const made = async (scopes: string[], key?: string) => {
      const headers = { 'content-type': 'application/json', ...(key === undefined ? {} : { authorization: key }) }
      const body = JSON.stringify({ name: scopes.join(), scopes })
      const response = await fetch(`${stage.url}/api/keys`, { method: 'POST', headers, body })
      return `${((await response.json()) as { key: string }).key}`
    }
    const all = await made(['admin', 'orders:read'])
    const reading = await made(['orders:read'], `Bearer ${all}`)
    const page = await stage.open('/customers/keyed')
    await page.getByRole('textbox', { name: 'API key' }).fill(reading)
    await page.keyboard.press('Enter')
    await page.getByText('Exporting and erasing need a key with the scope admin.').waitFor()
    await card(page, 'Orders').getByRole('link', { name: 'third' }).waitFor()
    expect(await page.getByRole('button', { name: /Export|Erase/ }).count()).toBe(0)
    expect(await card(page, 'Open carts').count()).toBe(0)
    expect(await page.getByRole('dialog').count()).toBe(0)
    expect(stage.complaints().every(text => text.includes('401') || text.includes('403'))).toBe(true)
  })
})
