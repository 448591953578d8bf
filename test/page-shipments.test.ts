import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { hasNoBrowser, overflowOf, type Stage, sample, setStage, violationsOf } from './browser.ts'

setDefaultTimeout(60_000)

const attack = `<img src=x onerror="document.title='broken'">`
const [line] = sample.items
/** A paid order of two units. */
const twoUnits = (uid: string) => ({
  ...sample,
  order_uid: uid,
  items: ['a', 'b'].map(end => ({ ...line, rid: `${uid}-${end}`, name: end === 'a' ? attack : line.name })),
  payment: { ...sample.payment, goods_total: 2 * line.total_price, amount: 1500 + 2 * line.total_price },
})

type Page = Awaited<ReturnType<Stage['open']>>
type Shipment = { id: string; state: string; rids: string[]; tracking_numbers: { number: string; carrier: string }[] }

describe.skipIf(hasNoBrowser)('shipments, in Chromium', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage()
  })
  afterAll(() => stage.close())
  afterEach(() => expect(stage.complaints()).toEqual([]))

  const cardOf = (page: Page) => page.getByRole('region', { name: 'Shipments' })
  const shipmentsOf = async (uid: string) =>
    (await (await fetch(`${stage.url}/api/orders/${uid}/shipments`)).json()) as Shipment[]
  /** Places an order, and plans a shipment of all of it. */
  const plan = async (uid: string): Promise<string> => {
    await stage.place(twoUnits(uid))
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ rids: [`${uid}-a`, `${uid}-b`], carrier: 'dhl' })
    const response = await fetch(`${stage.url}/api/orders/${uid}/shipments`, { method: 'POST', headers, body })
    return ((await response.json()) as Shipment).id
  }
  const act = async (page: Page, button: string, submit = button) => {
    await cardOf(page).getByRole('button', { name: button, exact: true }).first().click()
    await page.getByRole('dialog').getByRole('button', { name: submit, exact: true }).click()
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
  }

  test('an order goes out in two shipments by clicks, and is completed when both have arrived', async () => {
    const uid = 'two-parcels'
    await stage.place(twoUnits(uid))
    const page = await stage.open(`/orders/${uid}`)
    await cardOf(page).getByText('No shipments yet.').waitFor()
    await cardOf(page).getByRole('button', { name: 'New shipment' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel(`${uid}-a`).uncheck()
    await dialog.getByLabel('Carrier').fill('dhl')
    await dialog.getByLabel('Tracking number').fill('RR473124829EE')
    await dialog.getByLabel('Reason').fill(attack)
    expect(await violationsOf(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Plan shipment' }).click()
    await cardOf(page).getByText('planned', { exact: true }).waitFor()
    await act(page, 'Pack')
    await cardOf(page).getByText('packed', { exact: true }).waitFor()
    await act(page, 'Ship')
    await page.locator('.order-summary').getByText('partially shipped', { exact: true }).waitFor()

    await cardOf(page).getByRole('button', { name: 'New shipment' }).click()
    await dialog.getByRole('button', { name: 'Plan shipment' }).click()
    await cardOf(page).getByText('planned', { exact: true }).waitFor()
    expect(await cardOf(page).getByRole('button', { name: 'New shipment' }).count()).toBe(0)
    await act(page, 'Ship')
    await page.locator('.order-summary').getByText('shipped', { exact: true }).waitFor()
    await act(page, 'Mark delivered')
    await page.locator('.order-summary').getByText('partially delivered', { exact: true }).waitFor()
    await act(page, 'Mark delivered')
    await page.locator('.order-summary').getByText('completed', { exact: true }).waitFor()
    expect(await page.locator('main img').count()).toBe(0)
    expect(await violationsOf(page)).toEqual([])
    const titles = await page.locator('.event-title').allInnerTexts()
    expect(titles.filter(title => title.startsWith('Shipment'))).toEqual([
      'Shipment delivered',
      'Shipment delivered',
      'Shipment shipped',
      'Shipment planned',
      'Shipment shipped',
      'Shipment packed',
      'Shipment planned',
    ])
    expect((await shipmentsOf(uid)).map(({ rids, state }) => [rids, state])).toEqual([
      [[`${uid}-b`], 'delivered'],
      [[`${uid}-a`], 'delivered'],
    ])
  })

  test('a number and a promise are added on the page of a shipment; what the service refuses is shown in the dialog', async () => {
    const id = await plan('updated')
    const page = await stage.open(`/shipments/${id}`)
    await page.getByRole('button', { name: 'Update' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Tracking number').fill('RR473124828EE')
    await dialog.getByLabel('Promised by').fill('2026-01-02T10:00')
    await dialog.getByRole('button', { name: 'Update' }).click()
    await page.getByText('RR473124828EE').waitFor()
    await page.getByText('Its check digit is wrong').waitFor()
    await page.locator('.summary-line').getByText('late', { exact: true }).waitFor()

    await page.getByRole('button', { name: 'Ship', exact: true }).click()
    await dialog.getByLabel('Leaves from').fill('nowhere')
    await dialog.getByRole('button', { name: 'Ship', exact: true }).click()
    await dialog.getByText('must be a location that there is').waitFor()
    await dialog.getByRole('button', { name: 'Back' }).click()
    await page.getByRole('button', { name: 'Cancel shipment' }).click()
    await dialog.getByLabel('Reason').fill('the customer wants it later')
    await dialog.getByRole('button', { name: 'Cancel shipment' }).click()
    await page.locator('.summary-line').getByText('cancelled', { exact: true }).waitFor()
    expect(stage.complaints().every(text => text.includes('400'))).toBe(true)
  })

  test('several are packed at once, shipped by a file with their numbers, and their slips fit a sheet each', async () => {
    const ids = [await plan('bulk-1'), await plan('bulk-2'), await plan('bulk-3')]
    const page = await stage.open('/shipments?order_uid=bulk-1')
    const rows = page.locator('.shipments tbody tr')
    await rows.first().waitFor()
    await page.goto(`${stage.url}/shipments?carrier=dhl&state=planned`)
    for (const id of ids) await page.getByLabel(`Select shipment ${id}`).check()
    expect(await violationsOf(page)).toEqual([])
    await page.getByRole('button', { name: 'Pack', exact: true }).click()
    await page.getByText('3 packed.').waitFor()
    await page.goto(`${stage.url}/shipments?carrier=dhl&state=packed`)
    await rows.nth(2).waitFor()
    await page.getByRole('button', { name: 'Ship from CSV' }).click()
    const unknown = `shp_${'a'.repeat(24)}`
    const csv = `carrier;tracking_number;shipment_id\nups;1Z999AA10123456784;${ids[0]}\n;00340434161094042557;${ids[1]}\n;;${unknown}\n`
    const file = { name: 'numbers.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) }
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('CSV file').setInputFiles({ ...file, buffer: Buffer.from('id,number\n1,2\n') })
    await dialog.getByRole('button', { name: 'Ship' }).click()
    await dialog.getByText('It has no column shipment_id.').waitFor()
    await dialog.getByLabel('CSV file').setInputFiles(file)
    await dialog.getByRole('button', { name: 'Ship' }).click()
    await dialog.getByRole('listitem').getByText(unknown).waitFor()
    await page.getByText('2 shipped.').first().waitFor()
    const [first] = await shipmentsOf('bulk-1')
    expect(first).toMatchObject({
      state: 'shipped',
      tracking_numbers: [{ number: '1Z999AA10123456784', carrier: 'ups' }],
    })

    await page.goto(`${stage.url}/packing-slips?id=${ids.join(',')}`)
    await page.getByRole('img', { name: 'Barcode of order bulk-3' }).waitFor()
    expect(await page.locator('.slip').count()).toBe(3)
    expect(await page.locator('.slip').first().getByRole('row').allInnerTexts()).toHaveLength(3)
    expect(await violationsOf(page)).toEqual([])
    const paper = (await page.pdf({ format: 'A4' })).toString('latin1')
    expect(paper.match(/\/Type\s*\/Page\b/g)).toHaveLength(3)
    expect(stage.complaints().every(text => text.includes('404'))).toBe(true)
  })

  test('what carriers report stands on the page of a shipment by number, with their words, as it comes in', async () => {
    const id = await plan('reported')
    const post = async (path: string, body: object) => {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(stage.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
      expect(response.ok).toBe(true)
    }
    await post(`/api/shipments/${id}/update`, { tracking_numbers: [{ number: 'SEEN 1' }, { number: 'SEEN-2' }] })
    const page = await stage.open(`/shipments/${id}`, { width: 360, colorScheme: 'dark' })
    const reports = page.getByRole('region', { name: 'What carriers report' })
    await reports.getByText('Nothing reported yet.').waitFor()
    const said = { code: 'OFD', status: 'out_for_delivery', occurred_local: '2026-11-28T09:30:00', place: 'Lyon' }
    const ahead = { code: 'XX', occurred_local: '2038-01-19T03:14:08', zone: '+00:00' }
    await post('/api/deliveries/webhooks/generic', {
      tracking_number: 'SEEN1',
      checkpoints: [{ ...said, text: attack }, ahead],
    })
    await post('/api/deliveries/webhooks/generic', { tracking_number: 'SEEN2', checkpoints: [said] })
    await reports.getByText(attack).waitFor()
    await reports.getByText('Nov 28, 2026, 9:30 AM · local time, zone unknown · Lyon · code OFD').nth(1).waitFor()
    await reports.getByText('lies ahead: moves nothing').waitFor()
    expect(await reports.getByRole('heading', { level: 3 }).allInnerTexts()).toEqual(['SEEN1 · dhl', 'SEEN2 · dhl'])
    expect([await violationsOf(page), await overflowOf(page)]).toEqual([[], 0])
  })

  test('a shipment is found by its tracking number with the keyboard; nothing is wider than a phone', async () => {
    const id = await plan('found')
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ tracking_numbers: [{ number: 'JD014600003RU' }] })
    await fetch(`${stage.url}/api/shipments/${id}/update`, { method: 'POST', headers, body })
    const page = await stage.open('/shipments', { colorScheme: 'dark', width: 360 })
    await page.getByLabel('Shipment ID, tracking number or order ID').fill('JD014600003RU')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: id }).waitFor()
    await page.goto(`${stage.url}/orders/found`)
    await cardOf(page).getByRole('button', { name: 'Link for the customer' }).press('Enter')
    const link = cardOf(page).getByRole('link', { name: 'Tracking page of the customer' })
    expect(await link.getAttribute('href')).toMatch(new RegExp(`^${stage.url}/track/[\\w-]{25,}$`))
    for (const address of ['/shipments', `/shipments/${id}`, '/orders/found', `/packing-slips?id=${id}`]) {
      await page.goto(stage.url + address)
      await page.locator('.shipments tbody tr, .unit-list li, .card-entries li, .slip').first().waitFor()
      expect([address, await violationsOf(page), await overflowOf(page)]).toEqual([address, [], 0])
    }
    await page.goto(`${stage.url}/shipments/shp_nobody`)
    await page.getByText('Shipment shp_nobody not found').waitFor()
    expect(stage.complaints().every(text => text.includes('404'))).toBe(true)
  })
})
