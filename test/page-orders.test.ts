import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { hasNoBrowser, type Stage, sample, setStage } from './browser.ts'
import { makeOrders } from './orders.ts'

setDefaultTimeout(60_000)

const orderCount = 420

describe.skipIf(hasNoBrowser)('the orders, in Chromium', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage()
    const headers = { 'content-type': 'application/x-ndjson' }
    const body = makeOrders(orderCount, 'list')
      .map(order => JSON.stringify({ ...order, customer_id: `customer ${Number(order.order_uid.slice(5)) % 2}` }))
      .join('\n')
    await (await fetch(`${stage.url}/api/orders/batch`, { method: 'POST', headers, body })).text()
    await stage.command('list-7', 'cancel', 'not wanted any more')
  })
  afterAll(() => stage.close())
  afterEach(() => expect(stage.complaints()).toEqual([]))

  const uids = (page: Page) => page.locator('.table tbody .uid').allInnerTexts()

  test('an order is found by its id or tracking number, and all orders of a customer by the customer id', async () => {
    const page = await stage.open('/')
    const search = page.getByRole('searchbox')
    await search.fill('list-33')
    await search.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'list-33' }).waitFor()
    await search.fill('WBILLIST-44')
    await search.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'list-44' }).waitFor()
    await search.fill('customer 1')
    await search.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Orders' }).waitFor()
    await page.locator('.table tbody tr').first().waitFor()
    expect((await uids(page))[0]).toBe('list-419')
    expect((await uids(page)).every(uid => Number(uid.slice(5)) % 2 === 1)).toBe(true)
    await search.fill('nobody')
    await search.press('Enter')
    await page.getByText('No matching orders').waitFor()
  })

  test('filters and sort order are in the address, which restores them', async () => {
    const page = await stage.open('/orders')
    await page.getByRole('checkbox', { name: 'cancelled' }).check()
    await page.locator('.table tbody tr').getByText('list-7', { exact: true }).waitFor()
    expect(await uids(page)).toEqual(['list-7'])
    expect(new URL(page.url()).search).toBe('?status=cancelled')
    await page.getByRole('button', { name: 'Clear all filters' }).click()
    await page.getByLabel('Sort').selectOption('oldest')
    await page.locator('.table tbody tr').getByText('list-0', { exact: true }).waitFor()
    expect((await uids(page)).slice(0, 3)).toEqual(['list-0', 'list-1', 'list-2'])
    await page.getByRole('combobox', { name: 'Payment' }).selectOption('paid')
    await page.reload()
    await page.locator('.table tbody tr').getByText('list-0', { exact: true }).waitFor()
    expect(await page.getByRole('combobox', { name: 'Payment' }).inputValue()).toBe('paid')
    expect(await page.getByLabel('Sort').inputValue()).toBe('oldest')
    await page.getByLabel('Placed from').fill('2026-01-02')
    await page.getByText('No matching orders').waitFor()
  })

  test('scrolling loads page after page, with few rows in the document, and going back restores the position', async () => {
    const page = await stage.open('/orders')
    const rows = page.locator('.table tbody tr')
    await rows.first().waitFor()
    const last = rows.getByText('list-0', { exact: true })
    while (!(await last.isVisible())) {
      await page.mouse.wheel(0, 3_000)
      expect(await rows.count()).toBeLessThan(80)
      await page.evaluate('new Promise(resolve => requestAnimationFrame(() => resolve()))')
    }
    await page.getByText(`End of the list: ${orderCount} shown`).waitFor()
    await last.click()
    await page.getByRole('heading', { level: 1, name: 'list-0' }).waitFor()
    await page.goBack()
    await last.waitFor()
    expect(Number(await page.evaluate('scrollY'))).toBeGreaterThan(10_000)
  })

  test('the keyboard alone is enough: down the list, into an order, help, and to another page', async () => {
    const page = await stage.open('/orders')
    await page.locator('.table tbody tr').first().waitFor()
    for (const key of ['j', 'j', 'j', 'k']) await page.keyboard.press(key)
    const focused = await page.evaluate('document.activeElement.textContent')
    expect(focused).toBe((await uids(page))[1] ?? '')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: String(focused) }).waitFor()
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await page.keyboard.press('/')
    await page.keyboard.type('list-8')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'list-8' }).waitFor()
    await page.keyboard.press('g')
    await page.keyboard.press('h')
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  })

  test('new orders are announced, and shown on request', async () => {
    const page = await stage.open('/orders')
    await page.locator('.live-live').waitFor()
    // A change between two streams would be missed, so there is one for all lists of the page.
    let streams = 0
    page.on('request', request => {
      if (request.url().endsWith('/api/events')) streams += 1
    })
    await stage.place({ ...sample, order_uid: 'new-one', date_created: '2031-01-01T00:00:00Z' })
    await page.getByRole('button', { name: 'Show 1 new order' }).click()
    await page.locator('.table tbody tr').getByText('new-one').waitFor()
    expect(await page.getByRole('button', { name: 'new order' }).count()).toBe(0)
    await stage.command('new-one', 'hold', 'is looked at')
    await page.locator('.table tbody tr').filter({ hasText: 'new-one' }).getByText('on hold').waitFor()
    expect(streams).toBe(0)
  })

  test('the matching orders are exported to a file, one order per line', async () => {
    const page = await stage.open(`/orders?customer_id=${encodeURIComponent('customer 0')}&sort=oldest`)
    await page.locator('.table tbody tr').first().waitFor()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export' }).click(),
    ])
    expect(download.suggestedFilename()).toMatch(/^orders-\d{4}-\d\d-\d\d\.ndjson$/)
    const lines = readFileSync((await download.path()) ?? '', 'utf8')
      .trim()
      .split('\n')
    expect(lines).toHaveLength(orderCount / 2)
    expect(lines.slice(0, 2).map(line => JSON.parse(line).order_uid)).toEqual(['list-0', 'list-2'])
  })
})

type Page = Awaited<ReturnType<Stage['open']>>
