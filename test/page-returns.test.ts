import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createLogger } from '../src/platform/log.ts'
import { createPool } from '../src/platform/postgres.ts'
import { hasNoBrowser, overflowOf, type Stage, sample, setStage, violationsOf } from './browser.ts'

setDefaultTimeout(60_000)

const attack = `<img src=x onerror="document.title='broken'">`
const [line] = sample.items
/** An order of two units that is not paid yet. */
const twoUnits = (uid: string) => ({
  ...sample,
  order_uid: uid,
  items: ['a', 'b'].map(end => ({ ...line, rid: `${uid}-${end}` })),
  payment: {
    ...sample.payment,
    ...{ payment_dt: 0, goods_total: 2 * line.total_price, amount: 1500 + 2 * line.total_price },
  },
})

type Page = Awaited<ReturnType<Stage['open']>>

describe.skipIf(hasNoBrowser)('returns, in Chromium', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage()
  })
  afterAll(() => stage.close())
  afterEach(() => expect(stage.complaints()).toEqual([]))

  let keys = 0
  const post = async (path: string, body: object): Promise<{ id: string }> => {
    keys += 1
    const headers = { 'content-type': 'application/json', 'idempotency-key': `key-${keys}` }
    const response = await fetch(stage.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as { id: string }
  }
  /** Has the sandbox's refund of an order fail now. */
  const failRefund = async (uid: string) => {
    const pool = createPool(stage.database, { connectionsMax: 1, name: 'test', log: createLogger({ level: 'silent' }) })
    const text = `regexp_replace(payment::text, '"failsAtMs":[0-9]+', '"failsAtMs":1')`
    await pool.query(`update sandbox_payments set payment = ${text}::json where order_uid = $1`, [uid])
    await pool.end()
    const [payment] = (await (await fetch(`${stage.url}/api/orders/${uid}/payments`)).json()) as { id: string }[]
    await post(`/api/payments/${payment?.id}/sync`, {})
  }
  /** Places an order, has it paid through the sandbox, and ships and delivers it. */
  const deliver = async (uid: string, method_token = 'tok_approve') => {
    await stage.place(twoUnits(uid))
    await post(`/api/orders/${uid}/payments`, {
      provider: 'sandbox',
      method_token,
      capture: 'automatic',
    })
    const { id } = await post(`/api/orders/${uid}/shipments`, { rids: [`${uid}-a`, `${uid}-b`] })
    for (const step of ['ship', 'deliver']) await post(`/api/shipments/${id}/${step}`, {})
  }
  const cardOf = (page: Page) => page.getByRole('region', { name: 'Returns' })
  const act = async (page: Page, button: string) => {
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await cardOf(page).getByRole('button', { name: button, exact: true }).first().click()
    return page.getByRole('dialog')
  }

  test('a unit is returned and refunded by clicks, and the timeline and the payment follow', async () => {
    const uid = 'returned-by-clicks'
    await deliver(uid)
    const page = await stage.open(`/orders/${uid}`)
    await cardOf(page).getByText('No returns yet.').waitFor()
    const create = await act(page, 'New return')
    await create.getByLabel('Reason').fill(attack)
    await create.getByRole('button', { name: 'Request return' }).click()
    await create.getByText('A return has at least one unit.').waitFor()
    await create.getByLabel(`${uid}-a`).check()
    expect(await violationsOf(page)).toEqual([])
    await create.getByRole('button', { name: 'Request return' }).click()
    await cardOf(page).getByText('requested', { exact: true }).waitFor()
    const approve = await act(page, 'Approve')
    await approve.getByRole('button', { name: 'Approve' }).click()
    await cardOf(page).getByText('approved', { exact: true }).waitFor()

    const receive = await act(page, 'Receive')
    await receive.getByRole('button', { name: 'Receive' }).click()
    await receive.getByText('Say of at least one unit what it is like.').waitFor()
    await receive.getByLabel(`Condition of ${uid}-a`).selectOption('damaged')
    expect(await violationsOf(page)).toEqual([])
    await receive.getByRole('button', { name: 'Receive' }).click()
    await cardOf(page).getByText('received', { exact: true }).waitFor()
    const refund = await act(page, 'Refund')
    await refund.getByText('Pays $3.17 back to the payer.').waitFor()
    await refund.getByRole('button', { name: 'Refund' }).click()
    await cardOf(page).getByText('refunded', { exact: true }).waitFor()
    await page.locator('.order-summary').getByText('partially refunded', { exact: true }).waitFor()
    expect(await page.locator('main img').count()).toBe(0)
    const titles = await page.locator('.event-title').allInnerTexts()
    expect(titles.filter(title => title.startsWith('Return'))).toEqual([
      'Return refunded',
      'Return received',
      'Return approved',
      'Return requested',
    ])
    expect(await violationsOf(page)).toEqual([])
  })

  test('the work list is narrowed and a return opened with the keyboard; nothing is wider than a phone', async () => {
    await deliver('listed')
    const { id } = await post('/api/orders/listed/returns', { rids: ['listed-a', 'listed-b'], reason: 'does not fit' })
    const page = await stage.open('/returns', { colorScheme: 'dark', width: 360 })
    await page.getByLabel('Return ID or order ID').fill('listed')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/returns?order_uid=listed')
    await page.getByRole('checkbox', { name: 'rejected' }).press('Space')
    await page.getByText('No matching returns').waitFor()
    await page.getByRole('button', { name: 'Clear all filters' }).press('Enter')
    await page.locator('.returns tbody tr').filter({ hasText: 'listed' }).waitFor()
    for (const address of ['/returns', `/returns/${id}`, '/orders/listed']) {
      await page.goto(stage.url + address)
      await page.locator('.returns tbody tr, .unit-list li, .card-entries li').first().waitFor()
      expect([address, await violationsOf(page), await overflowOf(page)]).toEqual([address, [], 0])
    }
    await page.goto(`${stage.url}/returns/${id}`)
    await page.getByRole('button', { name: 'Reject' }).click()
    await page.getByRole('dialog').getByLabel('Reason').fill('too late')
    await page.getByRole('dialog').getByRole('button', { name: 'Reject' }).click()
    await page.locator('.summary-line').getByText('rejected', { exact: true }).waitFor()
    await page.goto(`${stage.url}/returns/ret_nobody`)
    await page.getByText('Return ret_nobody not found').waitFor()
    expect(stage.complaints().every(text => text.includes('404'))).toBe(true)
  })

  test('the page of a return says that its refund has failed later, until the issue about it is resolved', async () => {
    const uid = 'failing'
    await deliver(uid, 'tok_refund_fails_later')
    const { id } = await post(`/api/orders/${uid}/returns`, { rids: [`${uid}-a`], reason: 'does not fit' })
    await post(`/api/returns/${id}/approve`, {})
    await post(`/api/returns/${id}/receive`, { units: [{ rid: `${uid}-a`, condition: 'restock' }] })
    await post(`/api/returns/${id}/refund`, {})
    const page = await stage.open(`/returns/${id}`)
    await page.locator('.summary-line').getByText('refunded', { exact: true }).waitFor()
    const warning = page.getByText('The provider could not pay this refund out after all.')
    expect(await warning.count()).toBe(0)
    await failRefund(uid)
    await warning.waitFor()
    expect(await violationsOf(page)).toEqual([])
    await page.getByRole('link', { name: 'Payment issues' }).last().click()
    await page.getByRole('button', { name: `Resolve: Refund failed, ${uid}` }).waitFor()
  })
})
