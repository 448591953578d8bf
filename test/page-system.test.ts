import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { hasNoBrowser, overflowOf, type Stage, setStage, violationsOf } from './browser.ts'

setDefaultTimeout(60_000)

describe.skipIf(hasNoBrowser)('the system, in Chromium', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage({ GRAFANA_URL: 'http://localhost:3000', WEBHOOKS_ALLOW_PRIVATE: 'true' })
  })
  afterAll(() => stage.close())
  afterEach(() => expect(stage.complaints()).toEqual([]))

  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
  ] as const)(
    '%s, %i pixels wide: dependencies, lags, links and variables are there, and WCAG holds',
    async (colorScheme, width) => {
      const page = await stage.open('/system', { colorScheme, width })
      await page.getByText('Ready: orders are accepted').waitFor()
      await page.locator('.dependencies li').filter({ hasText: 'PostgreSQL' }).getByText('Up').waitFor()
      await page.locator('.dependencies li').filter({ hasText: 'Kafka' }).getByText('Off', { exact: true }).waitFor()
      await page.locator('.lags').getByText('up to date').first().waitFor()
      expect(await page.getByRole('link', { name: 'Grafana' }).getAttribute('href')).toBe('http://localhost:3000/')
      expect(await page.getByRole('link', { name: 'Demo shop' }).getAttribute('href')).toBe('/shop/')
      const row = (name: string) => page.locator('.settings tr').filter({ has: page.getByText(name, { exact: true }) })
      expect(await row('WEBHOOKS_ALLOW_PRIVATE').textContent()).toBe('WEBHOOKS_ALLOW_PRIVATEtrue changed')
      expect(await row('KAFKA_TOPIC').textContent()).toContain('orders')
      expect(await row('API_KEYS').textContent()).toBe('API_KEYSnot set')
      expect(await violationsOf(page)).toEqual([])
      expect(await overflowOf(page)).toBe(0)
    },
  )

  test('a dependency that is down is shown as such, and g s opens the page', async () => {
    const page = await stage.open('/')
    await page.route('**/api/system', async route => {
      const response = await route.fetch()
      const system = (await response.json()) as object
      const dependencies = { database: { state: 'down', detail: 'no answer within 2000 ms' }, kafka: { state: 'up' } }
      const holder = { pid: 71, database: 'reports', application: 'psql', seconds: 130 }
      const held = { log_seconds: 120, log_held_by: holder }
      const lags = { relay_seconds: null, consumer_messages: 12_345, webhooks_seconds: 90, ...held }
      await route.fulfill({ response, json: { ...system, is_ready: false, dependencies, lags } })
    })
    await page.locator('h1').waitFor()
    for (const key of ['g', 's']) await page.keyboard.press(key)
    await page.getByText('Not ready: no orders are accepted').waitFor()
    await page.locator('.dependencies').getByText('no answer within 2000 ms').waitFor()
    const lags = page.locator('.lags dd')
    await lags.getByText('12,345').waitFor()
    await lags.getByText('90 s').waitFor()
    await lags.getByText('2 min').waitFor()
    await lags.getByText('psql in reports, process 71').waitFor()
    expect(await lags.getByText('unknown while the database is down').count()).toBe(1)
    expect(await violationsOf(page)).toEqual([])
  })
})
