import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { hasNoBrowser, overflowOf, type Stage, sample, setStage, violationsOf } from './browser.ts'
import { reconcileRows } from './filled-settlements.ts'

setDefaultTimeout(60_000)

const attack = `<img src=x onerror="document.title='broken'">`

describe.skipIf(hasNoBrowser)('reconciliation, in Chromium', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage()
  })
  afterAll(() => stage.close())
  afterEach(() => expect(stage.complaints()).toEqual([]))

  /** An order whose payment is captured. @returns the payment's id */
  const pay = async (uid: string): Promise<string> => {
    await stage.place({ ...sample, order_uid: uid, payment: { ...sample.payment, payment_dt: 0 } })
    const headers = { 'content-type': 'application/json', 'idempotency-key': uid }
    const body = JSON.stringify({ provider: 'sandbox', method_token: 'tok_approve' })
    const response = await fetch(`${stage.url}/api/orders/${uid}/payments`, { method: 'POST', headers, body })
    return ((await response.json()) as { id: string }).id
  }
  const at = '2026-11-28T09:30:00Z'

  test('a run is found, its differences narrowed, a payment and an order opened, and what differs saved as CSV', async () => {
    const page = await stage.open('/')
    await page.locator('h1').waitFor()
    for (const key of ['g', 'r']) await page.keyboard.press(key)
    await page.getByText('No reconciliations yet').waitFor()
    expect(await violationsOf(page)).toEqual([])
    const id = await pay('reconciled')
    await reconcileRows(stage.database, [
      `l-1,payment,,${id},,18.00,0.30,,USD,po-1,${at}`,
      `l-2,payment,"${attack.replaceAll('"', '""')}",,,5.00,0.10,,USD,po-1,${at}`,
      'l-3,payout,,,,-22.00,0,,USD,po-1,',
    ])
    await page.reload()
    await page.locator('.reports').getByText('2 differences').waitFor()
    expect(await violationsOf(page)).toEqual([])
    await page.locator('h1').click()
    for (const key of ['j', 'Enter']) await page.keyboard.press(key)
    await page.getByRole('heading', { level: 1, name: 'settlements.csv' }).waitFor()
    const rows = page.locator('.differences tbody tr')
    await rows.filter({ hasText: 'Not in payments' }).getByText(attack).waitFor()
    await rows.filter({ hasText: 'Amount differs' }).getByText('$18.17').waitFor()
    await page.getByText('Off by $0.60').waitFor()
    await page.getByText('Fees: 2 · payouts: 1').waitFor()
    expect(await page.locator('main img').count()).toBe(0)
    expect(await violationsOf(page)).toEqual([])
    await page.getByRole('radio', { name: 'Amount differs' }).check({ force: true })
    await rows.filter({ hasText: 'Not in payments' }).waitFor({ state: 'detached' })
    expect(new URL(page.url()).search).toBe('?outcome=amount_differs')
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download CSV' }).press('Enter'),
    ])
    expect(saved.suggestedFilename()).toMatch(/^reconciliation-rec_[0-9a-f]{24}\.csv$/)
    const csv = readFileSync(await saved.path(), 'utf8')
      .trimEnd()
      .split('\r\n')
    expect(csv).toEqual([
      'outcome,row,line_id,kind,order_uid,payment_id,reference,currency,amount,net_currency,fee,ours_currency,ours_amount',
      `amount_differs,2,l-1,payment,reconciled,${id},${id},USD,18.00,USD,0.30,USD,18.17`,
    ])
    await rows.getByRole('link', { name: 'reconciled' }).press('Enter')
    await page.getByRole('heading', { level: 1, name: 'reconciled' }).waitFor()
    await page.goBack()
    await rows.getByRole('link', { name: id }).press('Enter')
    await page.getByRole('heading', { level: 1, name: id }).waitFor()
  })

  test('lines that cannot be read are asked for again by a button', async () => {
    const { report } = await reconcileRows(stage.database, [`n-1,payment,ref-n,,,5.00,0,,USD,,${at}`])
    const page = await stage.open('/reconciliations')
    await page.route('**/lines?*', route => route.abort(), { times: 1 })
    await page.goto(`${stage.url}/reconciliations/${report?.id}`)
    await page.getByRole('alert').getByText('Cannot reach the service').waitFor()
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.locator('.differences').getByText('ref-n').waitFor()
    expect(stage.complaints().every(text => text.includes('net::ERR_FAILED'))).toBe(true)
  })

  test('one without differences says so, and an unknown one is reported as such', async () => {
    const id = await pay('agrees')
    const { report } = await reconcileRows(stage.database, [`m-1,payment,,${id},,18.17,0,,USD,,${at}`])
    const page = await stage.open(`/reconciliations/${report?.id}`)
    await page.getByText('Every line that names a payment agrees with it.').waitFor()
    await page.locator('.summary-line').getByText('Matched').waitFor()
    await page.goto(`${stage.url}/reconciliations/rec_none`)
    await page.getByText('Reconciliation rec_none not found').waitFor()
    expect(stage.complaints().every(text => text.includes('404'))).toBe(true)
  })

  test.each([
    ['dark', 1280],
    ['light', 360],
  ] as const)('%s, %i pixels wide: WCAG holds and nothing is wider than the window', async (colorScheme, width) => {
    const long = `${colorScheme}-${'x'.repeat(150)}`
    const { report } = await reconcileRows(stage.database, [
      `${long},payment,${long},,,5.00,0.10,,USD,${long},${at}`,
      `${long},payment,${long},,,5.00,0.10,,USD,${long},${at}`,
    ])
    const page = await stage.open('/reconciliations', { colorScheme, width })
    for (const address of ['/reconciliations', `/reconciliations/${report?.id}`]) {
      await page.goto(stage.url + address)
      await page.locator('.reports tbody tr, .differences tbody tr').first().waitFor()
      expect([address, await violationsOf(page), await overflowOf(page)]).toEqual([address, [], 0])
    }
  })
})
