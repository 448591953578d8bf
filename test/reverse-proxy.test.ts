import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { exampleOrder } from '../src/orders/example.ts'
import { hasNoBrowser, type Stage, setStage } from './browser.ts'
import { type ProxyName, programOf, type RunningProxy, startProxy } from './proxies.ts'

setDefaultTimeout(60_000)

/** The service below /shop behind the proxies of docs/reverse-proxy.md, with their real programs. */

const ways = (['nginx', 'caddy'] as const).flatMap(name => [
  { name, leavesPath: false },
  { name, leavesPath: true },
])
const programs: Record<ProxyName, string | undefined> = { nginx: programOf('nginx'), caddy: programOf('caddy') }

describe.skipIf(hasNoBrowser)('below /shop', () => {
  let stage: Stage
  beforeAll(async () => {
    // Paths that come without it are served as well, so one service does for both ways.
    stage = await setStage({ BASE_PATH: '/shop' })
  })
  afterAll(() => stage.close())

  for (const { name, leavesPath } of ways) {
    const program = programs[name]
    describe.skipIf(program === undefined)(`${name} that ${leavesPath ? 'leaves it on' : 'takes it off'}`, () => {
      let proxy: RunningProxy
      beforeAll(async () => {
        proxy = await startProxy(name, program ?? '', stage.url, leavesPath)
      })
      afterAll(() => proxy.stop())

      test('leads clients to the addresses in Location and Link', () => checkAddresses(`${proxy.url}/shop/api`))

      test('accepts the ETag that it made of ours', () => checkConditions(`${proxy.url}/shop/api`))

      // Each proxy in one of its ways: the browser takes ten seconds.
      if (leavesPath !== (name === 'caddy')) return

      test('shows the page and the API page, opened by any of their addresses', async () => {
        const order = { ...exampleOrder(`${name}-${leavesPath}`, Date.now(), Math.random) }
        await stage.place(order)
        const page = await stage.open('/shop', { url: proxy.url })
        await checkPage(page, proxy.url, order.order_uid, () => stage.command(order.order_uid, 'hold', 'live'))
        await checkApiPage(page, proxy.url, name === 'nginx')
        expect(stage.complaints()).toEqual([])
      })
    })
  }

  test('probes reach the service itself, without the path, and no other path with this prefix is served', async () => {
    for (const [path, status] of [
      ['/livez', 200],
      ['/shop/livez', 200],
      ['/shop/', 200],
      ['/shopping/livez', 404],
      ['/shop/shop/livez', 404],
    ] as const) {
      expect([path, (await fetch(stage.url + path)).status]).toEqual([path, status])
    }
    const redirected = await fetch(`${stage.url}/shop`, { redirect: 'manual' })
    expect([redirected.status, redirected.headers.get('location')]).toEqual([308, 'shop/'])
  })
})

async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

/** Follows an answer's reference as RFC 3986 says. */
async function follow(response: Response, reference: string | null | undefined): Promise<Response> {
  const found = await fetch(new URL(reference ?? 'nowhere', response.url))
  expect([found.status, found.url.startsWith(new URL('/shop/api/', response.url).href)]).toEqual([200, true])
  return found
}

async function checkAddresses(api: string): Promise<void> {
  const order = exampleOrder(crypto.randomUUID(), Date.now(), Math.random)
  const made = [
    await post(`${api}/orders`, order),
    await post(`${api}/orders/test`, undefined),
    await post(`${api}/webhooks`, { url: 'https://192.0.2.1/', description: 'a target that is refused' }),
  ]
  expect(made.map(({ status }) => status)).toEqual([201, 202, 400])
  for (const response of made.slice(0, 2)) await follow(response, response.headers.get('location'))
  expect((await post(`${api}/orders/${order.order_uid}/hold`, {})).status).toBe(200)
  for (const list of ['orders', 'events', `orders/${order.order_uid}/events`]) {
    const first = await fetch(`${api}/${list}?limit=1`)
    const next = /^<(.+)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1]
    const second = await follow(first, next)
    const [[one], [two]] = [(await first.json()) as object[], (await second.json()) as object[]]
    expect(two).not.toEqual(one)
    expect(two).toBeDefined()
  }
  const document = await fetch(`${api}/openapi.json`)
  const { servers } = (await document.json()) as { servers: { url: string }[] }
  expect(new URL(servers[0]?.url ?? '', document.url).href).toBe(new URL('/shop/', api).href)
}

async function checkConditions(api: string): Promise<void> {
  const order = { ...exampleOrder(crypto.randomUUID(), Date.now(), Math.random), note: 'x'.repeat(2_000) }
  expect((await post(`${api}/orders`, order)).status).toBe(201)
  const address = `${api}/orders/${order.order_uid}`
  for (const [coding, isKnown] of [
    ['gzip', true],
    ['identity', false],
  ] as const) {
    const headers = { 'accept-encoding': coding }
    const read = await fetch(address, { headers })
    const etag = read.headers.get('etag') ?? ''
    await read.arrayBuffer()
    expect(etag).not.toBe('')
    expect((await fetch(address, { headers: { ...headers, 'if-none-match': etag } })).status).toBe(304)
    const command = isKnown ? 'hold' : 'confirm'
    expect((await post(`${address}/${command}`, {}, { 'if-match': etag })).status).toBe(200)
    expect((await post(`${address}/${command}`, {}, { 'if-match': etag })).status).toBe(412)
  }
}

/** @param change of the order, to be seen live */
async function checkPage(page: Page, host: string, uid: string, change: () => Promise<void>): Promise<void> {
  await page.locator('.tiles').waitFor()
  expect(page.url()).toBe(`${host}/shop/`)
  const menu = page.getByRole('navigation')
  expect(await menu.locator('[aria-current]').getAttribute('href')).toBe('/shop/')
  await menu.getByRole('link', { name: 'Orders', exact: true }).click()
  await page.locator('main').getByRole('link', { name: uid }).click()
  await page.locator('.timeline li').first().waitFor()
  expect(page.url()).toBe(`${host}/shop/orders/${uid}`)
  await page.reload()
  await page.locator('.timeline li').first().waitFor()
  await page.goto(`${host}/shop/orders?q=${uid}`)
  await page.locator('main').getByRole('link', { name: uid }).waitFor()
  // What is followed live comes through the proxy as well.
  await page.goto(`${host}/shop/events`)
  await page.locator('.live-live').waitFor()
  await change()
  await page.locator('.log li').first().getByText('order.on_hold').waitFor()
}

/**
 * @param calls whether the page also has to call the service: once is enough, for the browser sees the same addresses in both ways,
 *   and the page takes seconds to read an operation
 */
async function checkApiPage(page: Page, host: string, calls: boolean): Promise<void> {
  await page.getByRole('navigation').getByRole('link', { name: 'API', exact: true }).click()
  await page.getByText('List orders', { exact: false }).first().waitFor()
  expect(page.url()).toStartWith(`${host}/shop/api/docs`)
  if (!calls) return
  await page.locator('#operations-orders-getOverview').getByRole('button').first().click()
  await page.getByRole('button', { name: 'Try it out' }).click()
  const answered = page.waitForResponse(response => response.url().includes('/overview'))
  await page.getByRole('button', { name: 'Execute' }).click()
  const response = await answered
  expect([response.status(), response.url().startsWith(`${host}/shop/api/overview`)]).toEqual([200, true])
}
