import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { nextOf } from '../../test/links.ts'
import { createWebhookApp, type WebhookJson } from '../../test/webhooks.ts'
import { catalogueOf, modules } from '../modules.ts'
import { deliveryLogBounds, sweepDeliveryLog } from './delivery-log.ts'
import { insertDeliveries } from './delivery-queries.ts'
import { checkTarget } from './target-check.ts'
import { webhooksMax } from './webhook.ts'

let t: Awaited<ReturnType<typeof createWebhookApp>>
let guarded: TestApp

beforeAll(async () => {
  t = await createWebhookApp()
  guarded = await createTestApp({ env: { WEBHOOKS_ALLOW_PRIVATE: 'false' } })
})

afterEach(() => t.pool.query('delete from webhooks'))

afterAll(async () => {
  await t.close()
  await guarded.close()
})

const url = 'https://shop.example/hook'

type Problem = { code: string; errors?: { pointer: string; detail: string }[] }

describe('a webhook', () => {
  test('is made, shown without its secret, changed, and gone', async () => {
    const made = await t.call('POST', '/api/webhooks', { body: { url, description: 'the shop' } })
    const { secret, ...webhook } = JSON.parse(await made.text()) as WebhookJson
    expect(made.status).toBe(201)
    expect(made.headers.get('location')).toBe(`webhooks/${webhook.id}`)
    expect(secret).toStartWith('whsec_')
    expect(webhook).toMatchObject({ url, event_types: ['*'], status: 'active', parked: 0, disabled: null })
    const path = `/api/webhooks/${webhook.id}`
    expect((await t.ask('GET', path)).json).toEqual(webhook)
    const change = { url: 'http://shop.example/', event_types: ['order.*'] }
    const changed = await t.ask<WebhookJson>('PATCH', path, change)
    expect(changed).toMatchObject({ status: 200, json: { ...change, description: 'the shop' } })
    expect(changed.json.secret).toBeUndefined()
    const { rows } = await t.pool.query('select 1 from log_readers where name = $1', [`webhook:${webhook.id}`])
    expect(rows).toHaveLength(1)
    expect((await t.ask('DELETE', path)).status).toBe(204)
    const gone = await t.pool.query('select 1 from log_readers where name = $1', [`webhook:${webhook.id}`])
    expect(gone.rows).toEqual([])
    expect((await t.ask<Problem>('GET', path)).json.code).toBe('WEBHOOK_NOT_FOUND')
  })

  test('has another secret after a rotation, and the one before for as long as is asked', async () => {
    const { id, secret } = await t.subscribe(url)
    const rotate = async (body?: unknown) =>
      (await t.ask<WebhookJson>('POST', `/api/webhooks/${id}/rotate-secret`, body)).json
    const beforeMs = Date.now()
    const rotated = await rotate()
    expect(rotated.secret).not.toBe(secret)
    const untilMs = Date.parse(rotated.previous_secret_valid_until ?? '')
    expect(untilMs).toBeGreaterThanOrEqual(beforeMs + 86_400_000)
    expect((await rotate({ previous_valid_for_seconds: 0 })).previous_secret_valid_until).toBeNull()
    const { rows } = await t.pool.query('select previous_secret from webhooks where id = $1', [id])
    expect(rows).toEqual([{ previous_secret: null }])
  })

  test('is created and its secret rotated once, however often the request is repeated with the same Idempotency-Key', async () => {
    const ask = async (path: string, key: string) => {
      const headers = { 'idempotency-key': key }
      const response = await t.call('POST', path, { body: path.endsWith('secret') ? {} : { url }, headers })
      return { status: response.status, json: JSON.parse(await response.text()) as WebhookJson }
    }
    const made = await ask('/api/webhooks', 'make')
    expect(await ask('/api/webhooks', 'make')).toEqual(made)
    const rotate = `/api/webhooks/${made.json.id}/rotate-secret`
    const rotated = await ask(rotate, 'rotate')
    expect(await ask(rotate, 'rotate')).toEqual(rotated)
    const { rows } = await t.pool.query('select secret, previous_secret from webhooks')
    expect(rows).toEqual([{ secret: rotated.json.secret, previous_secret: made.json.secret }])
  })

  test('is disabled and enabled when asked for; both may be asked for twice', async () => {
    const { id } = await t.subscribe(url)
    for (let time = 0; time < 2; time += 1) {
      const { json } = await t.ask<WebhookJson>('POST', `/api/webhooks/${id}/disable`)
      expect(json).toMatchObject({ status: 'disabled', disabled: { reason: 'requested' } })
    }
    for (let time = 0; time < 2; time += 1) {
      const { json } = await t.ask<WebhookJson>('POST', `/api/webhooks/${id}/enable`)
      expect(json).toMatchObject({ status: 'active', disabled: null })
    }
  })

  test('is refused beyond a number of them, also when many are made at once', async () => {
    const made = await Promise.all(
      Array.from({ length: webhooksMax + 5 }, () => t.ask<Problem>('POST', '/api/webhooks', { url })),
    )
    expect(made.filter(({ status }) => status === 201)).toHaveLength(webhooksMax)
    const refused = made.filter(({ status }) => status !== 201)
    expect(refused.map(({ status, json }) => `${status} ${json.code}`)).toEqual(Array(5).fill('409 WEBHOOKS_TOO_MANY'))
  })

  test('is listed, newest first, page by page', async () => {
    const ids: string[] = []
    for (let index = 0; index < 5; index += 1) ids.unshift((await t.subscribe(url)).id)
    const listed: string[] = []
    let path: string | undefined = '/api/webhooks?limit=2'
    while (path !== undefined) {
      const page: { json: WebhookJson[]; link: string | null } = await t.ask('GET', path)
      expect(page.json.length).toBeLessThanOrEqual(2)
      listed.push(...page.json.map(({ id }) => id))
      path = nextOf(path, { headers: new Headers(page.link === null ? {} : { link: page.link }) })
    }
    expect(listed).toEqual(ids)
  })
})

describe('a request that is not valid', () => {
  test('is told everything that is wrong with it', async () => {
    const body = { url: 'ftp://user@x/#y', event_types: ['order.lost', 'order.placed', 'order.placed'], extra: 1 }
    const { status, json } = await t.ask<Problem>('POST', '/api/webhooks', body)
    expect(status).toBe(400)
    const { events } = catalogueOf(modules)
    const known = [
      '*',
      ...new Set(events.map(({ type }) => `${type.split('.')[0]}.*`)),
      ...events.map(({ type }) => type),
    ]
    expect(json.errors?.map(({ pointer }) => pointer).toSorted()).toEqual(
      ['/event_types', '/event_types/0', '/extra', '/url'].toSorted(),
    )
    const ofType = json.errors?.find(({ pointer }) => pointer === '/event_types/0')
    expect(ofType?.detail.replace('must be one of ', '').split(', ').toSorted()).toEqual(known.toSorted())
  })

  const requests = [
    ['POST', '', '{', 400],
    ['POST', '', '[]', 400],
    ['POST', '', '', 400],
    ['POST', '', '{}', 400],
    ['POST', '', { url: 7 }, 400],
    ['POST', '', { url, event_types: [] }, 400],
    ['POST', '', { url, event_types: null }, 400],
    ['POST', '', { url, description: 'a\0b' }, 400],
    ['POST', '', { url, description: 'x'.repeat(201) }, 400],
    ['POST', '', { url, description: 'x'.repeat(20_000) }, 413],
    ['POST', '', { url, secret: 'whsec_mine' }, 400],
    ['GET', '?limit=0', undefined, 400],
    ['GET', '?cursor=x', undefined, 400],
    ['GET', '?status=active', undefined, 400],
    ['GET', '/x', undefined, 404],
    ['GET', '/1%00', undefined, 404],
    ['GET', '/99999999999999999999', undefined, 404],
    ['PATCH', '/1', { url: 'x' }, 400],
    ['PATCH', '/1', { url }, 404],
    ['DELETE', '/1', undefined, 404],
    ['PUT', '/1', { url }, 405],
    ['POST', '/1/enable', undefined, 404],
    ['POST', '/1/disable', undefined, 404],
    ['POST', '/1/rotate-secret', undefined, 404],
    ['POST', '/1/rotate-secret', { previous_valid_for_seconds: -1 }, 400],
    ['POST', '/1/rotate-secret', { previous_valid_for_seconds: 604_801 }, 400],
    ['GET', '/1/deliveries', undefined, 404],
    ['GET', '/1/deliveries?outcome=lost', undefined, 400],
    ['GET', '/1/deliveries?order_uid=%00', undefined, 400],
    ['GET', '/1/deliveries/x', undefined, 404],
    ['POST', '/1/deliveries/1/redeliver', undefined, 404],
  ] as const
  requests.forEach(([method, path, body, status], index) => {
    test(`${index + 1}: ${method} /api/webhooks${path} is answered with ${status}`, async () => {
      expect((await t.ask(method, `/api/webhooks${path}`, body)).status).toBe(status)
    })
  })
})

describe('a target', () => {
  test.each([
    'http://127.0.0.1/',
    'http://169.254.169.254/latest',
    'http://[::1]:5432/',
    'http://localhost/',
    'http://0/',
  ])('%s inside the network is refused when a webhook is made or changed', async target => {
    for (const [method, path] of [
      ['POST', '/api/webhooks'],
      ['PATCH', '/api/webhooks/1'],
    ] as const) {
      const response = await guarded.call(method, path, { body: { url: target } })
      const problem = JSON.parse(await response.text()) as Problem
      expect(problem.errors).toEqual([{ pointer: '/url', detail: 'must be on the public internet' }])
      expect(response.status).toBe(400)
    }
  })

  const failing = (code: string) => ({
    allowPrivate: false,
    resolve: () => Promise.reject(Object.assign(new Error('no'), { code })),
  })

  test('whose name does not exist is refused; one whose resolver fails is no mistake of the caller', async () => {
    await expect(checkTarget(url, failing('ENOTFOUND'))).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      violations: [{ pointer: '/url', detail: 'must have a host that exists' }],
    })
    await expect(checkTarget(url, failing('EAI_AGAIN'))).rejects.toMatchObject({ code: 'RESOLVER_UNAVAILABLE' })
    await checkTarget(url, { allowPrivate: false, resolve: async () => ['1.1.1.1'] })
  })
})

describe('the delivery log', () => {
  const entry = (webhookId: string, sequence: number, attemptedAtMs: number) => ({
    webhookId,
    streamType: 'order',
    streamId: 'one',
    orderUid: 'one',
    sequence,
    eventId: String(sequence),
    eventType: 'order.placed',
    attempt: 1,
    outcome: 'delivered' as const,
    status: 200,
    error: null,
    answer: 'ok',
    durationMs: 3,
    attemptedAtMs,
  })

  test('is listed page by page, and swept by age and by number', async () => {
    const { id } = await t.subscribe(url)
    const nowMs = Date.now()
    const old = Array.from({ length: 3 }, (_, index) => entry(id, index + 1, nowMs - deliveryLogBounds.keptMs - 1))
    const fresh = Array.from({ length: 10 }, (_, index) => entry(id, index + 4, nowMs))
    await insertDeliveries(t.pool, [...old, ...fresh])
    const first = await t.ask<{ sequence: number }[]>('GET', `/api/webhooks/${id}/deliveries?limit=12`)
    expect(first.json.map(({ sequence }) => sequence)).toEqual([13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
    const next = nextOf(`/api/webhooks/${id}/deliveries`, { headers: new Headers({ link: first.link ?? '' }) }) ?? ''
    expect((await t.ask<unknown[]>('GET', next)).json).toHaveLength(1)
    await sweepDeliveryLog(t.pool, nowMs, { ...deliveryLogBounds, entriesMax: 4, batchMax: 2 })
    const left = await t.deliveries(id)
    expect(left.map(({ sequence }) => sequence)).toEqual([13, 12, 11, 10])
  })

  test('of an event that is no longer in the log cannot be sent again', async () => {
    const { id } = await t.subscribe(url)
    const [delivery] = await insertDeliveries(t.pool, [entry(id, 1, Date.now())])
    const again = await t.ask<Problem>('POST', `/api/webhooks/${id}/deliveries/${delivery}/redeliver`)
    expect(again).toMatchObject({ status: 404, json: { code: 'EVENT_NOT_FOUND' } })
  })
})

test('the metrics tell of all subscriptions, without their addresses', async () => {
  await t.subscribe(url)
  const { id } = await t.subscribe(url)
  await t.ask('POST', `/api/webhooks/${id}/disable`)
  const metrics = await (await t.call('GET', '/metrics')).text()
  expect(metrics).toContain('webhooks{status="active"} 1')
  expect(metrics).toContain('webhooks{status="disabled"} 1')
  expect(metrics).toMatch(/^webhook_lag_seconds 0$/m)
  expect(metrics).toMatch(/^webhook_parked_events 0$/m)
  expect(metrics).not.toContain('shop.example')
})
