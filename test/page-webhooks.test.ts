import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { hasNoBrowser, overflowOf, type Stage, sample, setStage, violationsOf } from './browser.ts'
import { isSignedWith, type Receiver, startReceiver } from './receiver.ts'

setDefaultTimeout(60_000)

const attack = `<img src=x onerror="document.title='broken'">`

describe.skipIf(hasNoBrowser)('webhooks, in Chromium', () => {
  let stage: Stage
  let receiver: Receiver
  beforeAll(async () => {
    stage = await setStage({ WEBHOOKS_ALLOW_PRIVATE: 'true' })
    receiver = await startReceiver((_, response) => {
      response.writeHead(503).end(attack)
      return undefined
    })
  })
  afterAll(async () => {
    await stage.close()
    await receiver.close()
  })
  afterEach(() => expect(stage.complaints()).toEqual([]))

  test('one is created, its secret shown once, its deliveries and their responses viewed, and sent again', async () => {
    const page = await stage.open('/webhooks')
    await page.getByText('No webhooks yet').waitFor()
    expect(await violationsOf(page)).toEqual([])
    await page.getByRole('button', { name: 'New webhook' }).click()
    const form = page.getByRole('dialog')
    await form.getByLabel('URL').fill('ftp://shop.example')
    await form.getByRole('button', { name: 'Create' }).click()
    await form.getByRole('alert').getByText('/url').waitFor()
    await form.getByLabel('URL').fill(receiver.url)
    await form.getByLabel('Description').fill(attack)
    await form.getByRole('checkbox', { name: 'All events' }).uncheck({ force: true })
    await form.getByRole('checkbox', { name: 'order.placed' }).waitFor()
    expect(await violationsOf(page)).toEqual([])
    await form.getByRole('button', { name: 'Create' }).click()
    await form.getByRole('alert').getByText('Select at least one event type.').waitFor()
    await form.getByRole('checkbox', { name: 'order.*' }).check({ force: true })
    await form.getByRole('button', { name: 'Create' }).click()

    const shown = page.getByRole('dialog', { name: 'Signing secret' })
    const secret = (await shown.locator('pre').textContent()) ?? ''
    expect(secret).toMatch(/^whsec_/)
    expect(await violationsOf(page)).toEqual([])
    await shown.getByRole('button', { name: 'Done' }).click()
    await page.getByRole('heading', { level: 1, name: receiver.url }).waitFor()
    await page.getByText('No deliveries yet').waitFor()
    expect(await page.content()).not.toContain(secret)

    await stage.place({ ...sample, order_uid: 'told' })
    await page.locator('.deliveries summary').filter({ hasText: 'told' }).click()
    await page.locator('.delivery').getByText(attack).waitFor()
    expect(receiver.received.every(received => isSignedWith(secret, received))).toBe(true)
    receiver.answer = () => 204
    await page.getByRole('button', { name: 'Redeliver' }).click()
    await page.getByText('Delivered: the receiver answered 204.').waitFor()
    await page.locator('.deliveries summary').filter({ hasText: 'manual' }).getByText('Delivered').waitFor()
    await page.getByRole('radio', { name: 'Failed' }).check({ force: true })
    await page.locator('.deliveries summary').filter({ hasText: 'manual' }).waitFor({ state: 'detached' })
    await page.locator('.deliveries summary').first().waitFor()
    // The address that was no web address.
    expect(stage.complaints().filter(text => !text.includes('400'))).toEqual([])
  })

  test('one is edited, gets a new secret, is disabled, enabled and deleted, with the keyboard alone', async () => {
    const page = await stage.open('/')
    await page.locator('h1').waitFor()
    for (const key of ['g', 'w']) await page.keyboard.press(key)
    await page.locator('.webhooks a').first().waitFor()
    for (const key of ['j', 'Enter']) await page.keyboard.press(key)
    const act = async (button: string) => {
      // A dialog that closes returns the focus to where it was opened, even if another element has it meanwhile.
      await page.getByRole('dialog').waitFor({ state: 'hidden' })
      await page.locator('.page-head').getByRole('button', { name: button }).press('Enter')
    }
    await act('Edit')
    await page.getByRole('dialog').getByLabel('Description').fill('for the warehouse')
    await page.keyboard.press('Enter')
    await page.locator('.summary-line').getByText('for the warehouse').waitFor()
    await act('Rotate secret')
    await page.getByRole('dialog').getByLabel('Keep the old secret valid for').selectOption('1 hour')
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate secret' }).press('Enter')
    await page
      .getByRole('dialog')
      .getByText(/^whsec_/)
      .waitFor()
    await page.keyboard.press('Escape')
    await page.getByText('Old secret valid until').waitFor()
    await act('Disable')
    await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).press('Enter')
    await page.getByText('Disabled by request.').waitFor()
    await act('Enable')
    await page.getByText('Webhook enabled.').waitFor()
    await act('Delete')
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).press('Enter')
    await page.getByText('Webhook deleted.').waitFor()
    await page.getByText('No webhooks yet').waitFor()
  })

  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
  ] as const)(
    '%s, %i pixels wide: WCAG holds, nothing is wider than the window, answers stay text',
    async (colorScheme, width) => {
      receiver.answer = (_, response) => {
        response.writeHead(500).end(attack.repeat(9))
        return undefined
      }
      const body = JSON.stringify({ url: `${receiver.url}&long=${'x'.repeat(300)}`, description: attack.repeat(3) })
      const headers = { 'content-type': 'application/json' }
      const made = await fetch(`${stage.url}/api/webhooks`, { method: 'POST', headers, body })
      const { id } = (await made.json()) as { id: string }
      await stage.place({ ...sample, order_uid: `seen-${colorScheme}-${width}` })
      const page = await stage.open('/webhooks', { colorScheme, width })
      await page.locator('.webhooks a').first().waitFor()
      expect(await violationsOf(page)).toEqual([])
      expect(await overflowOf(page)).toBe(0)
      await page.goto(`${stage.url}/webhooks/${id}`)
      await page.locator('.deliveries summary').first().click()
      await page.locator('.answer').first().waitFor()
      expect(await violationsOf(page)).toEqual([])
      expect(await overflowOf(page)).toBe(0)
      expect(await page.locator('main img').count()).toBe(0)
    },
  )
})
