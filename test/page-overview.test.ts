import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { hasNoBrowser, type Stage, sample, setStage } from './browser.ts'
import { eventually } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { proxyToUrl } from './tcp-proxy.ts'

setDefaultTimeout(60_000)

describe.skipIf(hasNoBrowser)('the overview, in Chromium', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage()
  })
  afterAll(() => stage.close())
  afterEach(() => expect(stage.complaints()).toEqual([]))

  test('starts empty and says what to do; a test order arrives, is listed, counted and shown', async () => {
    const page = await stage.open('/')
    await page.getByText('No orders yet').waitFor()
    await page.getByText(`curl -X POST ${stage.url}/api/orders/test`).waitFor()
    await page.getByRole('button', { name: 'Send test order' }).click()
    await page.getByText('Test order received').waitFor()
    const row = page.locator('.order-rows a')
    await row.waitFor()
    expect(await page.getByText('No orders yet').isVisible()).toBe(false)
    await tileShows(page, 'Orders today', '1')
    const uid = (await row.locator('.uid').textContent()) ?? ''
    await page.getByRole('link', { name: 'View order' }).click()
    await page.getByRole('heading', { level: 1, name: uid }).waitFor()
  })

  test('the latest orders appear live, newest on top, and show their changes', async () => {
    const page = await stage.open('/')
    await page.locator('.live-live').waitFor()
    await stage.place({ ...sample, order_uid: 'first', date_created: '2031-01-01T00:00:00Z' })
    await stage.place({ ...sample, order_uid: 'second', date_created: '2001-01-01T00:00:00Z' })
    const rows = page.locator('.order-rows li')
    await rows.filter({ hasText: 'second' }).waitFor()
    expect((await rows.locator('.uid').allInnerTexts()).slice(0, 2)).toEqual(['second', 'first'])
    await stage.command('first', 'hold', 'is looked at')
    await rows.filter({ hasText: 'first' }).getByText('on hold').waitFor()
    const funnel = page.locator('.funnel li').filter({ hasText: 'on hold' })
    await funnel.locator('.number').getByText('1', { exact: true }).waitFor()
    await funnel.getByRole('link').click()
    await page.locator('.table tbody tr').filter({ hasText: 'first' }).waitFor()
    expect(new URL(page.url()).search).toBe('?status=on_hold')
  })

  test('during a burst of 5,000 orders the page stays responsive and does not grow', async () => {
    const page = await stage.open('/')
    await page.locator('.live-live').waitFor()
    const before = Number((await figureOf(page, 'Orders today')).replace(/\D/g, ''))
    const headers = { 'content-type': 'application/x-ndjson' }
    const body = makeOrders(5_000, 'burst')
      .map(order => JSON.stringify(order))
      .join('\n')
    const sending = fetch(`${stage.url}/api/orders/batch`, { method: 'POST', headers, body }).then(answer =>
      answer.text(),
    )
    const total = (before + 5_000).toLocaleString('en-US')
    const isAnswered = async () => {
      await page.keyboard.press('?')
      await page.getByRole('dialog').waitFor()
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'hidden' })
      expect(await page.locator('.order-rows li').count()).toBeLessThanOrEqual(20)
      return (await figureOf(page, 'Orders today')) === total
    }
    await eventually('all are counted', isAnswered, 50_000)
    expect((await sending).split('"outcome":"placed"').length - 1).toBe(5_000)
    await page
      .locator('.order-rows .uid')
      .first()
      .getByText(/^burst-/)
      .waitFor()
  })

  test('a broken stream is shown as such, and resumes where it was', async () => {
    const proxy = await proxyToUrl(stage.url)
    const page = await stage.open('/', { url: proxy.url })
    await page.locator('.live-live').waitFor()
    await stage.place({ ...sample, order_uid: 'before-the-cut' })
    await page.locator('.order-rows .uid').getByText('before-the-cut').waitFor()
    proxy.cut()
    await page.getByText('Connection lost').waitFor()
    await stage.place({ ...sample, order_uid: 'during-the-cut' })
    expect(await page.locator('.order-rows .uid').getByText('during-the-cut').count()).toBe(0)
    proxy.mend()
    await page.locator('.order-rows .uid').getByText('during-the-cut').waitFor()
    await page.locator('.live-live').waitFor()
    expect(await page.getByText('Connection lost').count()).toBe(0)
    await page.goto('about:blank')
    await proxy.close()
    // The browser notes each request that fails, whatever the page makes of it.
    const others = stage.complaints().filter(text => !/^Failed to load resource|net::ERR/.test(text))
    expect(others).toEqual([])
  })

  test('a hidden page closes its stream, and is up to date once it is visible again', async () => {
    const page = await stage.open('/orders')
    await page.clock.install()
    await page.goto(stage.url)
    await page.locator('.live-live').waitFor()
    const see = (isSeen: boolean) =>
      page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${!isSeen}, configurable: true })
        document.dispatchEvent(new Event('visibilitychange'))`)
    await see(false)
    await page.clock.fastForward(31_000)
    await page.locator('.live-connecting').waitFor()
    await stage.place({ ...sample, order_uid: 'while-away' })
    await see(true)
    await page.locator('.live-live').waitFor()
    await page.locator('.order-rows .uid').getByText('while-away').waitFor()
    expect(stage.complaints()).toEqual([])
  })

  test('a service that cannot be reached is shown as such, until it answers again', async () => {
    const page = await stage.open('/orders')
    await page.locator('.table').waitFor()
    await page.route('**/api/overview*', route => route.abort())
    await page.getByRole('link', { name: 'Overview' }).click()
    await page.getByRole('alert').getByText('Cannot reach the service').waitFor()
    await page.getByRole('button', { name: 'Try again' }).waitFor()
    await page.unroute('**/api/overview*')
    await page.locator('.tiles').waitFor()
    await page.getByRole('alert').waitFor({ state: 'detached' })
    expect(stage.complaints().filter(text => !text.startsWith('Failed to load resource'))).toEqual([])
  })

  test('the first view loads less than 100 KiB of compressed script, and nothing from other hosts', async () => {
    const page = await stage.open('/')
    await page.locator('.tiles').waitFor()
    const scripts: { name: string; bytes: number }[] = await page.evaluate(`performance.getEntriesByType('resource')
      .filter(({ name }) => name.endsWith('.js')).map(({ name, encodedBodySize: bytes }) => ({ name, bytes }))`)
    expect(scripts.length).toBeGreaterThan(0)
    expect(scripts.filter(({ bytes }) => bytes === 0)).toEqual([])
    expect(scripts.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(100 * 1024)
    const hosts: string[] = await page.evaluate(
      `[...new Set(performance.getEntriesByType('resource').map(({ name }) => new URL(name).origin))]`,
    )
    expect(hosts).toEqual([stage.url])
  })
})

type Page = Awaited<ReturnType<Stage['open']>>

async function figureOf(page: Page, title: string): Promise<string> {
  return (await page.locator('.tile').filter({ hasText: title }).locator('.figure').textContent()) ?? ''
}

async function tileShows(page: Page, title: string, text: string): Promise<void> {
  const figure = page.locator('.tile').filter({ hasText: title }).locator('.figure')
  await figure.getByText(text, { exact: true }).waitFor()
}
