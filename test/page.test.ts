import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { readConfig } from '../src/config.ts'
import { createLogger } from '../src/platform/log.ts'
import { type Service, startService } from '../src/service.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'
import { environmentOf, runCli } from './run-cli.ts'

setDefaultTimeout(60_000)

const root = join(import.meta.dirname, '..')
const sample = JSON.parse(readFileSync(join(root, 'test/samples/valid/canonical.json'), 'utf8'))
const executable = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
].find(path => path !== undefined && path !== '' && existsSync(path))

if (executable === undefined)
  console.error('SKIPPED: the tests in a browser. Install Chromium, or set CHROMIUM to its path.')

let browser: Browser
let running: { service: Service; database: TestDatabase; stop: AbortController; context: BrowserContext } | undefined
let complaints: string[] = []

async function noMigration(): Promise<void> {}

/** A page of a service of its own, with an empty database. What its console complains of is noted. */
async function openPage(options: { width?: number; colorScheme?: 'light' | 'dark' } = {}): Promise<Page> {
  const database = await createTestDatabase(noMigration)
  const stop = new AbortController()
  const config = readConfig({ ...environmentOf(database.address), SERVER_PORT: '0' }, root)
  const service = await startService(config, createLogger({ level: 'silent' }), stop.signal)
  const { width = 1200, colorScheme = 'light' } = options
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme, locale: 'en-US' })
  running = { service, database, stop, context }
  const page = await context.newPage()
  page.on('pageerror', error => complaints.push(String(error)))
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  await page.goto(`${service.url}/`)
  return page
}

function environment(): Record<string, string> {
  if (running === undefined) throw new Error('no page is open')
  return environmentOf(running.database.address)
}

async function place(order: unknown): Promise<void> {
  const body = JSON.stringify(order)
  const response = await fetch(`${running?.service.url}/api/orders`, { method: 'POST', body })
  expect(response.status).toBe(201)
}

async function lookUp(page: Page, uid: string): Promise<void> {
  await page.getByLabel('order_uid').fill(uid)
  await page.getByRole('button', { name: 'Look up' }).click()
}

describe.skipIf(executable === undefined)('the page, in Chromium', () => {
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executable ?? '', args: ['--no-sandbox'] })
  })
  afterAll(() => browser.close())
  afterEach(async () => {
    const found = complaints
    complaints = []
    if (running !== undefined) {
      const { service, database, stop, context } = running
      running = undefined
      await context.close()
      stop.abort()
      await service.stop()
      await database.drop()
    }
    expect(found).toEqual([])
  })

  test('starts empty, and a test order that is sent arrives, is listed and shown', async () => {
    const page = await openPage()
    await page.getByText('No orders yet').waitFor()
    await page.getByRole('button', { name: 'Send a test order' }).click()
    await page.getByText('It has arrived').waitFor()
    const uid = (await page.locator('#latest .uid').textContent()) ?? ''
    await page.locator('#order dd').getByText(uid).waitFor()
    expect(await page.locator('#latest li').count()).toBe(1)
    expect(await page.getByText('No orders yet').isVisible()).toBe(false)
  })

  test('looks an order up: its items, its sums in the form of their currency, and the whole as JSON', async () => {
    const page = await openPage()
    await place(sample)
    await place({ ...sample, order_uid: 'yen', payment: { ...sample.payment, currency: 'JPY' } })
    await place({ ...sample, order_uid: 'dinar', payment: { ...sample.payment, currency: 'RSD' } })
    await lookUp(page, sample.order_uid)
    const order = page.locator('#order')
    await order.getByText('Mascaras').first().waitFor()
    expect(await order.textContent()).toContain('$18.17')
    expect(await order.textContent()).toContain('Kiryat Mozkin')
    await order.getByText('As JSON').click()
    expect(JSON.parse((await order.locator('pre').textContent()) ?? '')).toMatchObject(sample)
    await lookUp(page, 'yen')
    await order.getByText('¥1,817').waitFor()
    await lookUp(page, 'dinar')
    await order.getByText('18.17').waitFor()
  })

  test('the latest orders come by themselves, newest first, and lead to the order', async () => {
    const page = await openPage()
    await place({ ...sample, order_uid: 'older', date_created: '2024-01-01T00:00:00Z' })
    await place({ ...sample, order_uid: 'newer', date_created: '2025-01-01T00:00:00Z' })
    await page.locator('#latest .uid').nth(1).waitFor()
    expect(await page.locator('#latest .uid').allInnerTexts()).toEqual(['newer', 'older'])
    await page.getByText('older').click()
    await page.locator('#order dd').getByText('older').waitFor()
  })

  test('an order that is not there is said to be so, and so is a service that is gone', async () => {
    const page = await openPage()
    await lookUp(page, 'nobody')
    await page.getByText('There is no order nobody.').waitFor()
    await page.route('**/api/orders?limit=*', route => route.abort())
    await page.getByText('The orders cannot be read').waitFor()
    await page.unroute('**/api/orders?limit=*')
    await page.getByText('No orders yet').waitFor()
    // The browser notes each answer that is not a success, whatever the page makes of it.
    expect(complaints.every(text => text.startsWith('Failed to load resource'))).toBe(true)
    complaints = []
  })

  test('a key is asked for when one is needed, a wrong one is refused, and it is kept for this tab only', async () => {
    const page = await openPage()
    await page.getByText('No orders yet').waitFor()
    const made = await runCli(
      ['keys', 'create', '--name', 'page', '--scopes', 'orders:read,orders:write'],
      environment(),
    )
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    await dialog.getByLabel('API key').fill('sk_not-one-of-ours')
    await dialog.getByRole('button', { name: 'Continue' }).click()
    await dialog.getByText('not one of ours').waitFor()
    await dialog.getByLabel('API key').fill(made.out.trim())
    await dialog.getByRole('button', { name: 'Continue' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await page.getByRole('button', { name: 'Send a test order' }).click()
    await page.getByText('It has arrived').waitFor()
    await page.reload()
    await page.locator('#latest li').first().waitFor()
    const kept = await page.evaluate('[Object.values(sessionStorage), localStorage.length, document.cookie]')
    expect(kept).toEqual([[made.out.trim()], 0, ''])
    expect(complaints.every(text => text.includes('401'))).toBe(true)
    complaints = []
  })

  test('markup and scripts in stored fields stay text', async () => {
    const page = await openPage()
    const attack = `<img src=x onerror="document.title='broken'"><script>document.title='broken'</script>`
    const texts = (from: object) => Object.fromEntries(Object.keys(from).map(name => [name, attack]))
    const { phone } = sample.delivery
    await place({
      ...sample,
      customer_id: attack,
      delivery_service: attack,
      locale: attack,
      unknown: attack,
      delivery: { ...texts(sample.delivery), phone, email: `${attack.replace(/[\s@]/g, '')}@example.com` },
      items: [{ ...sample.items[0], name: attack, brand: attack, size: attack }],
    })
    await lookUp(page, sample.order_uid)
    await page.locator('#order').getByText(attack).first().waitFor()
    await page.locator('#order').getByText('As JSON').click()
    expect(await page.locator('main img, main script').count()).toBe(0)
    expect(await page.title()).toBe('Orders')
  })

  test.each(['light', 'dark'] as const)('fits a phone in the %s colours, with a long order too', async colorScheme => {
    const page = await openPage({ width: 360, colorScheme })
    const long = 'x'.repeat(64)
    await place({ ...sample, order_uid: long, customer_id: 'c'.repeat(300), delivery_service: 'd'.repeat(300) })
    await lookUp(page, long)
    await page.locator('#order').getByText('As JSON').click()
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
    expect(await page.evaluate(overflow)).toBe(0)
    const ground = 'getComputedStyle(document.body).backgroundColor'
    expect(await page.evaluate(ground)).toBe(colorScheme === 'light' ? 'rgb(245, 246, 249)' : 'rgb(20, 22, 27)')
  })

  test('leads to the API page, which shows the operations within its content security policy', async () => {
    const page = await openPage()
    await page.getByRole('link', { name: 'API' }).click()
    await page.getByText('Place an order', { exact: true }).click()
    await page.getByText('Answered after the order is durable').waitFor()
  })
})
