import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { hasNoBrowser, overflowOf, type Stage, sample, setStage, violationsOf } from './browser.ts'
import { eventually } from './kafka.ts'

setDefaultTimeout(60_000)

describe.skipIf(hasNoBrowser)("the sandbox's payment page, in Chromium", () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage()
  })
  afterAll(() => stage.close())
  afterEach(() => expect(stage.complaints()).toEqual([]))

  /** An order with a payment that waits for the payer. @returns the address of the page, and a way to wait for what becomes of it */
  async function pay(orderUid: string) {
    await stage.place({ ...sample, order_uid: orderUid, payment: { ...sample.payment, payment_dt: 0 } })
    const response = await fetch(`${stage.url}/api/orders/${orderUid}/payments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': orderUid },
      body: JSON.stringify({
        provider: 'sandbox',
        method_token: 'tok_action',
        capture: 'automatic',
        return_url: 'https://shop.example/thanks',
      }),
    })
    const payment = (await response.json()) as { id: string; next_action: { url: string } }
    const becomes = (state: string) =>
      eventually(`the shop knows that the payment is ${state}`, async () => {
        const read = await fetch(`${stage.url}/api/payments/${payment.id}`)
        return ((await read.json()) as { state: string }).state === state
      })
    return { url: payment.next_action.url, becomes }
  }

  test('asks for a confirmation and approves: the webhook tells the shop', async () => {
    const { url, becomes } = await pay('page-sandbox-1')
    const page = await stage.open(url, { width: 360, height: 800 })
    await page.getByText('This is a sandbox: no money moves.').waitFor()
    await page.getByRole('heading', { name: 'Pay 18.17 USD' }).waitFor()
    expect(await violationsOf(page)).toEqual([])
    expect(await overflowOf(page)).toBe(0)
    await page.getByRole('button', { name: 'Ask for a confirmation' }).click()
    await page.getByText('Your bank asks you to confirm the payment.').waitFor()
    await page.getByRole('button', { name: 'Confirm' }).click()
    await page.getByText('The payment was approved.').waitFor()
    await page.getByRole('link', { name: 'Back to the shop' }).waitFor()
    expect(await violationsOf(page)).toEqual([])
    await becomes('captured')
  })

  test('declines, in the dark too', async () => {
    const { url, becomes } = await pay('page-sandbox-2')
    const page = await stage.open(url, { colorScheme: 'dark' })
    expect(await violationsOf(page)).toEqual([])
    await page.getByRole('button', { name: 'Decline' }).click()
    await page.getByText('The payment was declined.').waitFor()
    await becomes('failed')
  })
})
