import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '../src/platform/log.ts'
import { createPool } from '../src/platform/postgres.ts'
import { hasNoBrowser, type Stage, sample, setStage } from './browser.ts'
import { makeOrders } from './orders.ts'
import { startReceiver } from './receiver.ts'
import { seedDeadLetters } from './seed-dead-letters.ts'

setDefaultTimeout(60_000)

const root = join(import.meta.dirname, '..')
const kept = join(root, 'docs', 'images')
/** PICTURES=yes rewrites the pictures of the documentation; otherwise they are only made, to test that they can be. */
const isWriting = process.env.PICTURES === 'yes'
const folder = isWriting ? kept : mkdtempSync(join(tmpdir(), 'orders-pictures-'))
const pictures = [
  'overview-light.png',
  'order-light.png',
  'orders-dark.png',
  'dead-letter-light.png',
  'webhook-dark.png',
  'phone-dark.png',
  'first-start.png',
]

test('every picture of the documentation exists and is used', () => {
  expect(readdirSync(kept).sort()).toEqual([...pictures].sort())
  const shown = readFileSync(join(root, 'README.md'), 'utf8') + readFileSync(join(root, 'docs/web-ui.md'), 'utf8')
  expect(pictures.filter(name => !shown.includes(`images/${name}`))).toEqual([])
})

describe.skipIf(hasNoBrowser)('the pictures of the documentation', () => {
  let stage: Stage
  beforeAll(async () => {
    mkdirSync(folder, { recursive: true })
    stage = await setStage({ WEBHOOKS_ALLOW_PRIVATE: 'true' })
  })
  afterAll(async () => {
    await stage.close()
    if (!isWriting) rmSync(folder, { recursive: true, force: true })
  })

  test('show the page before the first order, and after many', async () => {
    const first = await stage.open('/', { width: 1100, height: 620 })
    await first.getByText('No orders yet').waitFor()
    await first.screenshot({ path: join(folder, 'first-start.png') })

    await fill(stage)
    const overview = await stage.open('/', { height: 1000 })
    await overview.locator('.live-live').waitFor()
    await overview
      .locator('.tile')
      .filter({ hasText: 'Orders today' })
      .getByText(/,\d\d\d,|\d\d,/)
      .waitFor()
    for (const _ of [1, 2, 3]) await fetch(`${stage.url}/api/orders/test`, { method: 'POST' })
    await overview.locator('.arrived').nth(2).waitFor()
    await overview.screenshot({ path: join(folder, 'overview-light.png'), animations: 'disabled' })

    const orders = await stage.open('/orders', { colorScheme: 'dark' })
    await orders.locator('.table tbody tr').nth(10).waitFor()
    await orders.screenshot({ path: join(folder, 'orders-dark.png'), animations: 'disabled' })

    const order = await stage.open('/orders/picture-395', { height: 980 })
    await order.locator('.timeline li').nth(2).waitFor()
    await order.screenshot({ path: join(folder, 'order-light.png'), animations: 'disabled' })

    const phone = await stage.open('/', { width: 390, height: 844, colorScheme: 'dark', scale: 2 })
    await phone.locator('.live-live').waitFor()
    await phone.locator('.order-rows li').nth(2).waitFor()
    await phone.locator('.chart canvas').waitFor()
    await phone.screenshot({ path: join(folder, 'phone-dark.png'), animations: 'disabled' })
    await pictureOfDeadLetter(stage)
    await pictureOfWebhook(stage)
    expect(readdirSync(folder).sort()).toEqual([...pictures].sort())
    expect(stage.complaints()).toEqual([])
  })
})

/** An order that two rules refuse, as it is corrected. */
async function pictureOfDeadLetter(stage: Stage): Promise<void> {
  const log = createLogger({ level: 'silent' })
  const pool = createPool(stage.database, { connectionsMax: 1, name: 'pictures', log })
  const wrong = {
    ...sample,
    payment: { ...sample.payment, amount: 1 },
    delivery: { ...sample.delivery, email: 'test.gmail.com' },
  }
  const detail = 'rules of the contract that the message breaks: 2'
  const [id] = await seedDeadLetters(pool, 'ORDER_INVALID', [wrong], { detail, key: Buffer.from(sample.order_uid) })
  await pool.end()
  const body = JSON.stringify({ reason: 'the sender says it is corrected', actor: 'ada' })
  const headers = { 'content-type': 'application/json' }
  await fetch(`${stage.url}/api/dead-letters/${id}/replay`, { method: 'POST', headers, body })
  const page = await stage.open(`/dead-letters/${id}`, { height: 860 })
  await page.locator('.mark').nth(1).waitFor()
  await page.screenshot({ path: join(folder, 'dead-letter-light.png'), animations: 'disabled' })
}

/** A receiver that refuses one of the orders, and what it said. */
async function pictureOfWebhook(stage: Stage): Promise<void> {
  const receiver = await startReceiver(({ event }, response) => {
    const isRefused = event.order_uid.endsWith('7')
    response.writeHead(isRefused ? 503 : 200).end(isRefused ? '{"error":"the warehouse is closed"}' : '{"ok":true}')
    return undefined
  })
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ url: receiver.url, description: 'the warehouse', event_types: ['order.*'] })
  const made = await fetch(`${stage.url}/api/webhooks`, { method: 'POST', headers, body })
  const { id } = (await made.json()) as { id: string }
  for (const order of makeOrders(10, 'sent')) await stage.place(order)
  const page = await stage.open(`/webhooks/${id}`, { colorScheme: 'dark', height: 720 })
  await page.locator('.deliveries summary').nth(9).waitFor()
  await page.locator('.deliveries summary').filter({ hasText: 'Failed' }).first().click()
  await page.locator('.deliveries details[open] .answer').waitFor()
  await page.screenshot({ path: join(folder, 'webhook-dark.png'), animations: 'disabled' })
  await receiver.close()
}

/** A shop in the middle of its day: orders in several currencies and states, and a day that went before. */
async function fill(stage: Stage): Promise<void> {
  const nowMs = Date.now()
  const currencies = ['USD', 'EUR', 'USD', 'JPY', 'EUR', 'USD', 'GBP']
  const customers = ['ada.example', 'jean.exemple', 'northwind', 'test', 'contoso', 'fabrikam']
  const orders = makeOrders(400, 'picture').map((order, index) => ({
    ...order,
    customer_id: customers[(index * 5) % customers.length],
    date_created: new Date(nowMs - (400 - index) * 41_000).toISOString(),
    payment: {
      ...order.payment,
      currency: currencies[(index * 3) % currencies.length],
      payment_dt: index % 6 === 0 ? 0 : Math.floor(nowMs / 1000),
    },
  }))
  const headers = { 'content-type': 'application/x-ndjson' }
  const body = orders.map(order => JSON.stringify(order)).join('\n')
  await (await fetch(`${stage.url}/api/orders/batch`, { method: 'POST', headers, body })).text()
  for (const { order_uid: uid, payment } of orders.filter((_, index) => index % 3 !== 1).slice(40)) {
    const command = payment.payment_dt === 0 ? 'cancel' : Number(uid.slice(8)) % 7 === 3 ? 'hold' : 'complete'
    await stage.command(uid, command, command === 'complete' ? '' : 'asked for by the customer')
  }
  await stage.command('picture-395', 'confirm', 'the address was checked')
  await tellOfTheDay(stage)
}

/** The sums of a day as if orders had come in all through it, in a rhythm that a shop may have. */
async function tellOfTheDay(stage: Stage): Promise<void> {
  const log = createLogger({ level: 'silent' })
  const pool = createPool(stage.database, { connectionsMax: 1, name: 'pictures', log })
  await pool.query(
    `insert into order_tallies (bucket, currency, orders, amount)
     select bucket, currency, orders, orders * price
       from (select date_bin('10 seconds', now() - make_interval(secs => 10 * n), 'epoch') as bucket, currency, price,
                    ((60 + 40 * sin(n / 9.0) + n * 7919 % 31) * share)::int as orders
               from generate_series(1, 8640) n
              cross join (values ('USD', 1.0, 6120), ('EUR', 0.7, 5470), ('JPY', 0.2, 7350), ('GBP', 0.15, 4890))
                      as of_currency (currency, share, price)) day`,
  )
  await pool.end()
}
