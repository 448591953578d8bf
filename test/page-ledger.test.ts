import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { hasNoBrowser, overflowOf, type Stage, sample, setStage, violationsOf } from './browser.ts'

setDefaultTimeout(60_000)

describe.skipIf(hasNoBrowser)('the ledger, in Chromium', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage()
  })
  afterAll(() => stage.close())
  afterEach(() => expect(stage.complaints()).toEqual([]))

  test('has no accounts at first, then those of what was paid, to the last digit, and none before', async () => {
    const page = await stage.open('/ledger')
    await page.getByText('No transfers yet').waitFor()
    expect(await violationsOf(page)).toEqual([])
    const amount = Number.MAX_SAFE_INTEGER
    const item = { ...sample.items[0], price: amount, sale: 0, total_price: amount }
    const payment = { ...sample.payment, amount, goods_total: amount, delivery_cost: 0 }
    for (const uid of ['huge-1', 'huge-2']) await stage.place({ ...sample, order_uid: uid, items: [item], payment })
    await page.reload()
    const rowOf = (account: string) => page.locator('.accounts tbody tr').filter({ hasText: account })
    // Twice 2^53 − 1 and one more digit than a number holds.
    await rowOf('revenue').getByText('$180,143,985,094,819.82 credit').waitFor()
    await rowOf('clearing:wbpay').getByText('$180,143,985,094,819.82 debit').waitFor()
    expect(await page.locator('.accounts tfoot td').last().textContent()).toBe('$0.00')
    expect(await violationsOf(page)).toEqual([])
    await page.getByLabel('Balances at').fill('2001-01-01T00:00')
    await page.getByText('No transfers before this time').waitFor()
    expect(new URL(page.url()).searchParams.get('at')).toMatch(/^200[01]-.*Z$/)
    await page.getByRole('button', { name: 'Now' }).press('Enter')
    await rowOf('revenue').waitFor()
  })

  test("an order's books are T-accounts: debits left, credits right, and sums that agree", async () => {
    await stage.place({ ...sample, order_uid: 'booked' })
    const page = await stage.open('/')
    await page.locator('h1').waitFor()
    for (const key of ['g', 'l']) await page.keyboard.press(key)
    await page.getByLabel('Books of an order').fill('booked')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Books of booked' }).waitFor()
    const receivable = page.getByRole('table', { name: 'receivable' })
    await receivable.waitFor()
    const cells = await receivable.locator('td').allInnerTexts()
    expect(cells.map(text => text.replace(/\s+/g, ' ').replace(/ · .*/, ''))).toEqual([
      '$18.17 Sale',
      '$18.17 Capture',
      '$18.17',
      '$18.17',
      'Balance: $0.00',
    ])
    const clearing = await page.getByRole('table', { name: 'clearing:wbpay' }).locator('tfoot').textContent()
    expect(clearing).toContain('Balance: $18.17 debit')
    await page.getByText('Debits and credits of all accounts: $36.34 each.').waitFor()
    expect(await violationsOf(page)).toEqual([])
    await page.getByRole('link', { name: 'View order' }).press('Enter')
    await page.getByText('Show the accounts of this order').press('Enter')
    await page.getByRole('table', { name: 'revenue' }).waitFor()
    expect(await violationsOf(page)).toEqual([])
  })

  test.each([
    ['dark', 1280],
    ['light', 360],
  ] as const)('%s, %i pixels wide: WCAG holds and nothing is wider than the window', async (colorScheme, width) => {
    const uid = `${colorScheme}-${'x'.repeat(50)}`
    const provider = `provider-${'x'.repeat(50)}`
    await stage.place({ ...sample, order_uid: uid, payment: { ...sample.payment, provider } })
    const page = await stage.open('/ledger', { colorScheme, width })
    for (const address of ['/ledger', `/ledger/${uid}`]) {
      await page.goto(stage.url + address)
      await page.getByText(`clearing:${provider}`).waitFor()
      expect([address, await violationsOf(page), await overflowOf(page)]).toEqual([address, [], 0])
    }
  })

  test('books of an unknown order are reported as such', async () => {
    const page = await stage.open('/ledger/nobody')
    await page.getByText('Order nobody not found').waitFor()
    expect(stage.complaints().every(text => text.includes('404'))).toBe(true)
  })
})
