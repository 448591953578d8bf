import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { hasNoBrowser, overflowOf, type Stage, sample, setStage, violationsOf } from './browser.ts'
import { eventually } from './kafka.ts'

setDefaultTimeout(60_000)

/** Texts that would do something if they were taken for anything but text. */
const corpus = [
  `<img src=x onerror="document.title='broken'">`,
  `<script>document.title='broken'</script>`,
  `"><svg onload=document.title='broken'>`,
  `javascript:document.title='broken'//`,
  `{{constructor.constructor("document.title='broken'")()}}`,
  `</pre><iframe srcdoc="<script>top.document.title='broken'</script>">`,
  `' onmouseover='document.title=1' x='`,
]

/** The canonical order with a text of the corpus in every field that takes one, and in fields that nobody knows. */
function attackingOrder(attack: string, uid: string) {
  const texts = (from: object) => Object.fromEntries(Object.keys(from).map(name => [name, attack]))
  const { phone } = sample.delivery
  const short = (most: number) => attack.slice(0, most)
  const identifiers = { transaction: short(64), request_id: short(64), provider: short(64), bank: short(64) }
  return {
    ...sample,
    ...{ order_uid: uid, track_number: short(64), entry: short(32), locale: attack, internal_signature: attack },
    ...{ customer_id: attack, delivery_service: attack, shardkey: attack, oof_shard: attack, [attack]: attack },
    delivery: { ...texts(sample.delivery), phone, email: `${attack.replace(/[\s@]/g, '')}@example.com` },
    payment: { ...sample.payment, ...identifiers },
    items: [{ ...sample.items[0], rid: attack, name: attack, size: attack, brand: attack, track_number: short(64) }],
  }
}

describe.skipIf(hasNoBrowser)('every page, in Chromium', () => {
  let stage: Stage
  const long = 'x'.repeat(64)
  beforeAll(async () => {
    stage = await setStage()
  })
  afterAll(() => stage.close())
  afterEach(() => expect(stage.complaints()).toEqual([]))

  test('has no WCAG violations while it is empty', async () => {
    const page = await stage.open('/')
    await page.getByText('No orders yet').waitFor()
    expect(await violationsOf(page)).toEqual([])
    await page.goto(`${stage.url}/orders`)
    await page.getByText('No orders yet').waitFor()
    expect(await violationsOf(page)).toEqual([])
  })

  describe('with orders', () => {
    beforeAll(async () => {
      await stage.place({ ...sample, order_uid: long, customer_id: 'c'.repeat(300), delivery_service: 'd'.repeat(300) })
      await stage.place({ ...sample, order_uid: 'unpaid', payment: { ...sample.payment, payment_dt: 0 } })
      for (const [index, attack] of corpus.entries()) {
        await stage.place(attackingOrder(attack, `attack-${index}`))
        await stage.command(`attack-${index}`, 'hold', attack)
      }
    })

    const addresses = ['/', '/orders', '/orders?status=on_hold&q=nobody', '/orders/attack-0', '/orders/nobody']
    const widths = [360, 1280, 1920]

    test.each(['light', 'dark'] as const)('has no WCAG violations in the %s colours', async colorScheme => {
      const page = await stage.open('/', { colorScheme })
      // Of the rules only one looks at colours.
      const rules = colorScheme === 'light' ? undefined : ['color-contrast']
      const ground = 'getComputedStyle(document.body).backgroundColor'
      expect(await page.evaluate(ground)).toBe(colorScheme === 'light' ? 'rgb(246, 247, 249)' : 'rgb(16, 18, 23)')
      for (const address of addresses) {
        await page.goto(stage.url + address)
        await page.locator('.tiles, .table tbody tr, .empty, .timeline li').first().waitFor()
        expect([address, await violationsOf(page, rules)]).toEqual([address, []])
      }
      await page.goto(`${stage.url}/orders/attack-0`)
      await page.getByRole('button', { name: 'Cancel order' }).click()
      await page.getByRole('dialog').waitFor()
      expect(await violationsOf(page, rules)).toEqual([])
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'hidden' })
      await page.keyboard.press('?')
      await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
      expect(await violationsOf(page, rules)).toEqual([])
      // The order that is not there.
      expect(stage.complaints().filter(text => !text.includes('404'))).toEqual([])
    })

    test.each(widths)('fits a window of %i pixels, also with long texts', async width => {
      const page = await stage.open('/', { width })
      for (const address of ['/', '/orders', `/orders/${long}`]) {
        await page.goto(stage.url + address)
        await page.locator('.tiles, .table tbody tr, .timeline li').first().waitFor()
        expect([address, await overflowOf(page)]).toEqual([address, 0])
      }
      await page.getByRole('radio', { name: 'JSON' }).check()
      expect(await overflowOf(page)).toBe(0)
    })

    test('shows scripts in any stored field as text', async () => {
      const page = await stage.open('/')
      await page
        .locator('.order-rows')
        .getByText(corpus[0] ?? '')
        .waitFor()
      const looked: string[] = []
      const look = async (title: string) => {
        looked.push(title)
        await eventually(`the title is ${title}`, async () => (await page.title()) === `${title} · Orders`)
        const selector =
          'main :is(img, script, iframe, object, [onload], [onerror], [onmouseover], a[href^="javascript"])'
        expect(await page.locator(selector).count()).toBe(0)
      }
      await look('Overview')
      await page.goto(`${stage.url}/orders?q=${encodeURIComponent(corpus[0] ?? '')}`)
      await page.getByRole('button', { name: `Search: ${corpus[0]}` }).waitFor()
      await look('Orders')
      await page.getByRole('button', { name: 'Clear all filters' }).click()
      for (const [index, attack] of corpus.entries()) {
        await page.locator('.table tbody tr').getByText(`attack-${index}`, { exact: true }).click()
        await page.locator('.reason').getByText(attack).waitFor()
        await page.locator('.item-name').getByText(attack).waitFor()
        await page.getByText('More fields').click()
        await look(`attack-${index}`)
        await page.getByRole('radio', { name: 'JSON' }).check()
        await page.locator('pre').waitFor()
        await look(`attack-${index}`)
        await page.goBack()
      }
      await look('Orders')
      expect(looked).toHaveLength(3 + 2 * corpus.length)
    })

    test('changes its colours on request, and keeps them', async () => {
      const page = await stage.open('/')
      await page.getByRole('button', { name: 'Switch between light and dark' }).click()
      const theme = () => page.evaluate('document.documentElement.dataset.theme')
      expect(await theme()).toBe('dark')
      await page.reload()
      await page.locator('.tiles').waitFor()
      expect(await theme()).toBe('dark')
      await page.getByRole('button', { name: 'Switch between light and dark' }).click()
      expect(await theme()).toBe('light')
      expect(await page.evaluate('localStorage.length')).toBe(0)
    })

    test('links to the API page, which shows the operations under its content security policy', async () => {
      const page = await stage.open('/')
      await page.getByRole('link', { name: 'API', exact: true }).click()
      await page.getByText('Place an order', { exact: true }).click()
      await page.getByText('Answers after the order is durable').waitFor()
    })
  })
})
