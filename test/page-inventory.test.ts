import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { hasNoBrowser, overflowOf, type Stage, sample, setStage, violationsOf } from './browser.ts'

setDefaultTimeout(60_000)

const attack = `<img src=x onerror="document.title='broken'">`
const chrtId: number = sample.items[0].chrt_id
/** How often the page reads a list again. */
const refreshEveryMs = 5_000

describe.skipIf(hasNoBrowser)('items and their stock, in Chromium', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage()
    await send('PUT', '/api/locations/north', { name: 'North' })
  })
  afterAll(() => stage.close())
  afterEach(() => expect(stage.complaints()).toEqual([]))

  const send = async (method: string, path: string, body: object) => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(stage.url + path, { method, headers, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  }
  const receive = (item: number, quantity: number) =>
    send('POST', `/api/stock/${item}/movements`, { location: 'main', kind: 'received', quantity })
  const add = (item: number, name: string) =>
    send('PUT', `/api/items/${item}`, { nm_id: 1, name, prices: { USD: 1250 }, low_stock: 2 })
  const dialogOf = (page: Page) => page.getByRole('dialog')
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).press('Enter')
  /** The numbers of a location: on hand, reserved, in quarantine and available. */
  const numbersAt = (page: Page, location: string, numbers: readonly number[]) =>
    page.getByRole('row', { name: [location, ...numbers].join(' '), exact: true }).waitFor()

  test('an item is added, and its stock received, counted, adjusted, transferred, put in quarantine and written off', async () => {
    const page = await stage.open('/')
    await page.locator('h1').waitFor()
    for (const key of ['g', 't']) await page.keyboard.press(key)
    await page.getByText('No items yet').waitFor()
    await page.getByRole('button', { name: 'Add item' }).click()
    const dialog = dialogOf(page)
    expect(await violationsOf(page)).toEqual([])
    await dialog.getByLabel('Number (chrt_id)').fill('501')
    await dialog.getByLabel('Product (nm_id)').fill('50')
    await dialog.getByLabel('Name').fill(attack)
    await dialog.getByLabel('Currency', { exact: true }).fill('usd')
    await dialog.getByLabel('Price', { exact: true }).fill('12.50')
    await dialog.getByRole('button', { name: 'Add item' }).press('Enter')
    await page.getByRole('heading', { level: 1, name: attack }).waitFor()
    await page.getByText('Nothing is counted of this item yet').waitFor()

    await page.getByRole('button', { name: 'Receive', exact: true }).click()
    await dialog.getByLabel('Units', { exact: true }).fill('10')
    await dialog.getByText('main: 0 → 10 on hand, 0 → 10 available.').waitFor()
    await dialog.getByLabel('Reason').fill('delivery 4711')
    await dialog.getByRole('button', { name: 'Receive 10' }).click()
    await page.getByText('10 units received.').waitFor()
    await numbersAt(page, 'main', [10, 0, 0, 10])

    // Somebody else is faster than the count, which says so and shows what is there now.
    await press(page, 'Count')
    await dialog.getByLabel('Units counted').fill('9')
    await receive(501, 2)
    await dialog.getByLabel('Units counted').press('Enter')
    await dialog.getByRole('alert').getByText('12 units are on hand, and 10 were expected').waitFor()
    await dialog.getByText('3 fewer than expected.').waitFor()
    await dialog.getByLabel('Units counted').press('Enter')
    await page.getByText('Count recorded: -3.').waitFor()
    expect(stage.complaints().every(text => text.includes('409'))).toBe(true)

    await press(page, 'Adjust')
    await dialog.getByLabel('Change').fill('-1')
    await dialog.getByLabel('Reason').fill('broken')
    await press(page, 'Adjust -1')
    await page.getByText('Stock adjusted by -1.').waitFor()
    await press(page, 'Transfer')
    await dialog.locator('[name=to_location]').selectOption('north')
    await dialog.getByLabel('Units', { exact: true }).fill('3')
    await dialog.getByLabel('Units', { exact: true }).press('Enter')
    await numbersAt(page, 'north', [3, 0, 0, 3])
    await numbersAt(page, 'All locations', [8, 0, 0, 8])
    await press(page, 'Quarantine')
    await dialog.getByLabel('Units', { exact: true }).fill('2')
    await dialog.getByLabel('Reason').fill('wet')
    await press(page, 'Quarantine 2')
    await numbersAt(page, 'main', [5, 0, 2, 3])
    await press(page, 'Write off')
    await dialog.getByLabel('Units', { exact: true }).fill('1')
    await dialog.getByLabel('Take them from quarantine').check()
    await dialog.getByLabel('Reason').fill('lost')
    await press(page, 'Write off 1')
    await numbersAt(page, 'main', [4, 0, 1, 3])
    await press(page, 'Release')
    await dialog.getByLabel('Units', { exact: true }).fill('1')
    await dialog.getByLabel('Units', { exact: true }).press('Enter')
    await numbersAt(page, 'main', [4, 0, 0, 4])
    const movements = page.locator('.movement-list li')
    await movements.filter({ hasText: 'Received 10 at main' }).getByText('delivery 4711').waitFor()
    await movements.filter({ hasText: 'Adjusted main by -1' }).getByText('By web').waitFor()
    await press(page, 'Edit')
    await dialog.getByLabel('Name').fill('Sturdy coat')
    await press(page, 'Save')
    await page.getByRole('heading', { level: 1, name: 'Sturdy coat' }).waitFor()
  })

  test('orders that wait for stock are listed oldest first, and low items until there are more; items are searched', async () => {
    await add(chrtId, 'Rare mascara')
    await receive(chrtId, 1)
    for (const uid of ['has-it', 'waits']) {
      await stage.place({ ...sample, order_uid: uid, payment: { ...sample.payment, transaction: uid } })
    }
    const page = await stage.open('/shortfalls')
    await page.clock.install()
    await page.getByRole('row', { name: /^waits On hold Rare mascara 1 wanted, 0 available/ }).waitFor()
    await page.getByRole('link', { name: 'waits' }).press('Enter')
    await page.getByText('Short of stock').waitFor()
    await page.goBack()
    for (const key of ['g', 'n']) await page.keyboard.press(key)
    await page.getByRole('row', { name: /^Rare mascara.*Out of stock 0 1 1$/ }).waitFor()
    await page.getByRole('link', { name: /^Rare mascara/ }).press('Enter')
    await page.locator('.movement-list').getByRole('link', { name: 'has-it' }).waitFor()
    await page.goto(`${stage.url}/shortfalls`)
    await page.getByRole('link', { name: 'waits' }).waitFor()
    await receive(chrtId, 9)
    await page.clock.fastForward(refreshEveryMs)
    await page.getByText('No order waits for stock').waitFor()
    // The last row of several goes by itself too.
    await add(chrtId - 1, 'Last pencil')
    await add(chrtId + 1, 'Last brush')
    for (const item of [chrtId - 1, chrtId + 1]) await receive(item, 1)
    await page.goto(`${stage.url}/low-stock`)
    await page.getByRole('link', { name: /^Last brush/ }).waitFor()
    await receive(chrtId + 1, 9)
    await page.clock.fastForward(refreshEveryMs)
    await page.getByRole('link', { name: /^Last brush/ }).waitFor({ state: 'detached' })
    await page.getByRole('link', { name: /^Last pencil/ }).waitFor()
    await page.goto(`${stage.url}/items`)
    await page.getByRole('searchbox', { name: 'Name, brand, size or number' }).fill('masc')
    await page.keyboard.press('Enter')
    await page.getByRole('row', { name: /^Rare mascara.* \$12\.50 8 In stock$/ }).waitFor()
    await page.getByRole('radio', { name: 'Inactive' }).check({ force: true })
    await page.getByText('No matching items').waitFor()
    await page.goto(`${stage.url}/items/999`)
    await page.getByText('Item 999 not found').waitFor()
    expect(stage.complaints().every(text => text.includes('404'))).toBe(true)
  })

  test.each([
    ['dark', 1280],
    ['light', 360],
  ] as const)('%s, %i pixels wide: WCAG holds and nothing is wider than the window', async (colorScheme, width) => {
    const item = 700 + width
    await add(item, `${colorScheme}-${'x'.repeat(150)}`)
    await receive(item, 1)
    const page = await stage.open('/items', { colorScheme, width })
    for (const address of ['/items', `/items/${item}`, '/low-stock', '/shortfalls']) {
      await page.goto(stage.url + address)
      await page.locator('.items tbody tr, .low-stock tbody tr, .movement-list li, .empty').first().waitFor()
      expect([address, await violationsOf(page), await overflowOf(page)]).toEqual([address, [], 0])
    }
  })
})
