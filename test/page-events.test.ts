import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { hasNoBrowser, overflowOf, type Stage, sample, setStage, violationsOf } from './browser.ts'
import { makeOrders } from './orders.ts'

setDefaultTimeout(60_000)

const attack = `<img src=x onerror="document.title='broken'">`

describe.skipIf(hasNoBrowser)('events, in Chromium', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage()
  })
  afterAll(() => stage.close())
  afterEach(() => expect(stage.complaints()).toEqual([]))

  test('appear live, newest on top, after the existing ones; pausing holds them back; a filter leaves others out', async () => {
    const page = await stage.open('/events')
    await page.getByText('No events yet').waitFor()
    expect(await violationsOf(page)).toEqual([])
    await stage.place({ ...sample, order_uid: 'before' })
    const rows = page.locator('.log li')
    await rows.getByText('before').waitFor()
    await page.reload()
    await rows.getByText('before').waitFor()
    await page.locator('.live-live').waitFor()
    await stage.place({ ...sample, order_uid: 'then', customer_id: 'ada' })
    await rows.getByText('then').waitFor()
    expect(await rows.first().textContent()).toContain('ada · $18.17 · 1 item')

    await page.getByRole('button', { name: 'Pause' }).click()
    await stage.command('then', 'hold', attack)
    await page.getByRole('button', { name: 'Show 1 new' }).waitFor()
    expect(await rows.count()).toBe(2)
    await page.getByRole('button', { name: 'Resume' }).click()
    await rows.first().getByText(attack).waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.locator('.whole pre').getByText('"previous_status"').waitFor()

    await page.getByRole('checkbox', { name: 'order.on_hold' }).press('Space')
    await rows.getByText('before').waitFor({ state: 'detached' })
    await rows.getByText(attack).waitFor()
    expect(await rows.count()).toBe(1)
    await stage.command('before', 'hold', 'seen')
    await rows.first().getByText('seen').waitFor()
    await page.getByLabel('Customer', { exact: true }).fill('ada')
    await page.keyboard.press('Enter')
    await rows.getByText('before').waitFor({ state: 'detached' })
    expect(new URL(page.url()).search).toBe('?type=order.on_hold&customer_id=ada')
    await page.getByLabel('Customer', { exact: true }).fill('nobody')
    await page.keyboard.press('Enter')
    await page.getByText('No matching events yet').waitFor()
    await page.getByRole('button', { name: 'Clear all filters' }).click()
    await rows.nth(3).waitFor()
    expect(await page.locator('main img').count()).toBe(0)
  })

  test('during a burst the newest are shown, and older ones can be loaded', async () => {
    const page = await stage.open('/events')
    await page.locator('.live-live').waitFor()
    const body = makeOrders(1_000, 'rush')
      .map(order => JSON.stringify(order))
      .join('\n')
    const headers = { 'content-type': 'application/x-ndjson' }
    await (await fetch(`${stage.url}/api/orders/batch`, { method: 'POST', headers, body })).text()
    const rows = page.locator('.log li')
    // The last one of the log: what comes later than a click would move what it loads.
    await stage.place({ ...sample, order_uid: 'after-the-rush' })
    await rows.first().getByText('after-the-rush').waitFor()
    expect(await rows.count()).toBe(200)
    for (const most of [299, 399]) {
      await page.getByRole('button', { name: 'Load older' }).click()
      await rows.nth(most).waitFor()
    }
    const uids = await page.locator('.log .uid').allTextContents()
    expect(uids.length).toBeGreaterThanOrEqual(400)
    expect(new Set(uids).size).toBe(uids.length)
  })

  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
  ] as const)('%s, %i pixels wide: WCAG holds and nothing is wider than the window', async (colorScheme, width) => {
    const uid = `look-${colorScheme}-${width}`.padEnd(64, 'x')
    await stage.place({ ...sample, order_uid: uid, customer_id: 'c'.repeat(300) })
    await stage.command(uid, 'hold', attack.repeat(5))
    const page = await stage.open('/events', { colorScheme, width })
    await page.locator('.log summary').filter({ hasText: uid }).first().click()
    await page.locator('.whole pre').waitFor()
    expect(await violationsOf(page)).toEqual([])
    expect(await overflowOf(page)).toBe(0)
  })
})
