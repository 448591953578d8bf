import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { hasNoBrowser, overflowOf, type Stage, setStage, trackFolder, violationsOf } from './browser.ts'
import { parcelOrder, shipping } from './shipments.ts'
import type { TrackingLink } from '../src/order-tracking/views.ts'

/** The public page of an order, in a browser, with the service that notifies it. */

setDefaultTimeout(60_000)

describe.skipIf(hasNoBrowser)('the tracking page, in Chromium', () => {
  let stage: Stage
  let s: Pick<ReturnType<typeof shipping>, 'ask' | 'place' | 'plan' | 'act'>
  beforeAll(async () => {
    stage = await setStage({ TRACKING_PAGE_DIR: await trackFolder(), STATIC_DIR: '/dev/null' })
    s = shipping({ call: callOf(stage.url) })
  })
  afterAll(() => stage.close())
  afterEach(() => expect(stage.complaints().filter(text => !/404|ERR_FAILED/.test(text))).toEqual([]))

  const linkOf = async (uid: string) => (await s.ask<TrackingLink>('GET', `/api/orders/${uid}/tracking-link`)).body
  const report = async (number: string, status: string) => {
    const occurred_local = new Date(Date.now() - 60_000).toISOString().slice(0, 19)
    const place = 'Hidden Lane 7, Lyon, 69001, FR'
    const checkpoint = { code: status, status, occurred_local, place, text: 'Left with Grace Hopper' }
    const body = { tracking_number: number, carrier: 'dhl', checkpoints: [checkpoint] }
    const headers = { 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: JSON.stringify(body) }
    expect((await fetch(`${stage.url}/api/deliveries/webhooks/generic`, init)).status).toBe(200)
  }

  test.each(['light', 'dark'] as const)(
    'shows both timelines on a phone in %s, changes by itself, and ends with the link',
    async colorScheme => {
      const uid = `page-${colorScheme}`
      const [one, other] = [`${colorScheme}1`, `${colorScheme}2`].map(text => text.toUpperCase())
      const order = await s.place(parcelOrder([1, 2, 3], { uid }))
      const { path } = await linkOf(uid)
      const page = await stage.open(path, { width: 360, height: 740, colorScheme })
      const look = async () => expect([await violationsOf(page), await overflowOf(page)]).toEqual([[], 0])
      await page.getByText('We are preparing your order.').waitFor()
      await page.getByText('3 units are still to be shipped.').waitFor()
      await page.getByText('This page is up to date').waitFor()
      await look()

      const planned = await s.plan(order, [0], { carrier: 'dhl', tracking_numbers: [{ number: one }] })
      await page.getByRole('heading', { level: 2, name: 'Shipment', exact: true }).waitFor()
      const second = await s.plan(order, [1], {
        promised_by: '2026-01-01T10:00:00Z',
        tracking_numbers: [{ number: other }],
      })
      for (const { id } of [planned, second]) await s.act(id, 'ship')
      await page.getByText('1 unit is still to be shipped.').waitFor()
      await page.getByText('late', { exact: true }).waitFor()
      await report(one ?? '', 'out_for_delivery')
      const first = page.getByRole('region', { name: 'Shipment 1 of 2' })
      await first.getByText('Out for delivery').first().waitFor()
      await first.getByText(/ · Lyon, FR$/).waitFor()
      await report(other ?? '', 'delivered')
      await page.getByText('Part of your order has arrived.').waitFor()
      await look()
      const html = await page.content()
      const { name, phone, email, address, zip } = order.delivery
      for (const secret of [name, phone, email, address, zip, uid, 'Grace', 'Hidden', '69001', order.items[0]?.name])
        expect([secret, html.includes(secret ?? '?')]).toEqual([secret, false])

      await page.keyboard.press('Tab')
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content')
      await page.keyboard.press('Tab')
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Print')
      await page.emulateMedia({ media: 'print' })
      expect(await page.getByRole('button').count()).toBe(0)
      await page.emulateMedia({ media: 'screen' })

      await s.ask('POST', `/api/orders/${uid}/tracking-link/revoke`)
      await page.getByRole('heading', { name: 'This link is unknown or has expired' }).waitFor()
      const gone = await page.locator('main').textContent()
      await look()
      await page.goto(`${stage.url}/track/${'A'.repeat(43)}`)
      await page.getByRole('heading', { name: 'This link is unknown or has expired' }).waitFor()
      expect(await page.locator('main').textContent()).toBe(gone)
    },
  )

  test('says that the service is away, and goes on when it is back; it asks nobody else', async () => {
    const { order_uid: uid } = await s.place(parcelOrder([1]))
    const page = await stage.open('/track/unknown', { width: 360 })
    await page.getByText('ask the shop for a new one').waitFor()
    const asked: string[] = []
    page.on('request', request => asked.push(new URL(request.url()).origin))
    await page.route('**/api/**', route => route.abort())
    await page.goto(stage.url + (await linkOf(uid)).path)
    await page.getByText('Your order cannot be shown at the moment').waitFor()
    expect(await violationsOf(page)).toEqual([])
    await page.unroute('**/api/**')
    await page.getByRole('button', { name: 'Try again' }).press('Enter')
    await page.getByText('We are preparing your order.').waitFor()
    expect(new Set(asked)).toEqual(new Set([stage.url]))
  })
})

/** Calls a service as tests call an app. */
function callOf(url: string) {
  return (
    method: string,
    path: string,
    { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
  ) =>
    fetch(url + path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
}
