import { randomBytes } from 'node:crypto'
import { AppError } from '../errors.ts'
import { readLogEnd } from '../events/log.ts'
import type { Call, Method, Route } from '../platform/http.ts'
import { toResponse } from '../platform/idempotency/idempotency.ts'
import { type Claim, keepAnswer, type StoredResponse } from '../platform/idempotency/queries.ts'
import { linkToNext } from '../platform/links.ts'
import type { Pool, PoolClient } from '../platform/postgres.ts'
import { QueryReader } from '../platform/query.ts'
import { type BodyReader, createBodyReader } from './bodies.ts'
import { existing, idCursor, idOf, webhookNotFound } from './lookup.ts'
import { listParameters, webhookOperations } from './operations.ts'
import { presentWebhook } from './presentation.ts'
import {
  deleteWebhook,
  disableWebhook,
  enableWebhook,
  insertWebhook,
  listWebhooks,
  rotateSecret,
  updateWebhook,
  type WebhookListing,
} from './queries.ts'
import { secretBytes, secretOf } from './signing.ts'
import { checkTarget } from './target-check.ts'
import type { Resolve } from './targets.ts'
import type { WebhookWithSecretView } from './views.ts'
import { previousSecretSeconds, webhooksMax } from './webhook.ts'

export type WebhookRoutesOptions = {
  pool: Pool
  /** The types of the events that there are. */
  eventTypes: readonly string[]
  /** Whether targets may be inside the network. */
  allowPrivate: boolean
  resolve: Resolve
  now: () => number
}

type Handle = Route['handle']

/** Subscriptions over HTTP. They send orders to outsiders, so they need the scope `admin`. */
export function webhookRoutes(options: WebhookRoutesOptions): Route[] {
  const { pool, now } = options
  const operations = webhookOperations(options.eventTypes)
  const read = createBodyReader(options.eventTypes)
  const route = (method: Method, path: string, name: keyof typeof operations, handle: Handle): Route => ({
    method,
    path: `/api/webhooks${path}`,
    scope: 'admin',
    ...(method === 'POST' ? { idempotent: true } : {}),
    operation: operations[name],
    handle,
  })
  /** Changes the subscription of the path and presents it as it is then. */
  const changing =
    (change: (id: string, call: Call) => Promise<boolean>): Handle =>
    async call => {
      const id = idOf(call)
      if (!(await change(id, call))) throw webhookNotFound(id)
      return Response.json(presentWebhook(await existing(pool, id), now()))
    }
  return [
    route('POST', '', 'create', (call, claim) => create(call, claim, read, options)),
    route('GET', '', 'list', call => list(call, options)),
    route('GET', '/:id', 'read', async call => Response.json(presentWebhook(await existing(pool, idOf(call)), now()))),
    route(
      'PATCH',
      '/:id',
      'change',
      changing(async (id, call) => {
        const change = await read.change(call.request)
        if (change.url !== undefined) await checkTarget(change.url, options)
        return updateWebhook(pool, id, change, now())
      }),
    ),
    route('DELETE', '/:id', 'remove', call => remove(call, options)),
    route('POST', '/:id/rotate-secret', 'rotate', (call, claim) => rotate(call, claim, read, options)),
    route(
      'POST',
      '/:id/enable',
      'enable',
      changing(async id => enableWebhook(pool, id, await readLogEnd(pool), now())),
    ),
    route(
      'POST',
      '/:id/disable',
      'disable',
      changing(id => disableWebhook(pool, id, 'requested', now())),
    ),
  ]
}

async function create(
  call: Call,
  claim: Claim | undefined,
  read: BodyReader,
  options: WebhookRoutesOptions,
): Promise<Response> {
  const { pool, now } = options
  const { url, description = '', event_types: eventTypes = ['*'] } = await read.creation(call.request)
  await checkTarget(url, options)
  const secret = secretOf(randomBytes(secretBytes))
  const { withChange, respond } = answerWith(secret, 201, claim, now())
  const webhook = { url, description, eventTypes, secret }
  const made = await insertWebhook(pool, webhook, await readLogEnd(pool), webhooksMax, now(), withChange)
  if (made === undefined) throw new AppError('WEBHOOKS_TOO_MANY', `there may be ${webhooksMax} webhooks`)
  return respond(made)
}

async function rotate(
  call: Call,
  claim: Claim | undefined,
  read: BodyReader,
  { pool, now }: WebhookRoutesOptions,
): Promise<Response> {
  const { previous_valid_for_seconds: seconds = previousSecretSeconds.default } = await read.rotation(call.request)
  const id = idOf(call)
  const secret = secretOf(randomBytes(secretBytes))
  const { withChange, respond } = answerWith(secret, 200, claim, now())
  const rotated = await rotateSecret(pool, id, secret, now() + seconds * 1000, now(), withChange)
  if (rotated === undefined) throw webhookNotFound(id)
  return respond(rotated)
}

/** The answer with a new secret, kept with the change that made it: asked for again, there must not be another secret. */
function answerWith(secret: string, status: 200 | 201, claim: Claim | undefined, nowMs: number) {
  const answer = (webhook: WebhookListing): StoredResponse => ({
    status,
    headers: {
      'content-type': 'application/json',
      ...(status === 201 ? { location: `webhooks/${webhook.id}` } : {}),
    },
    body: Buffer.from(JSON.stringify({ ...presentWebhook(webhook, nowMs), secret } satisfies WebhookWithSecretView)),
  })
  return {
    withChange: async (client: PoolClient, webhook: WebhookListing) => {
      if (claim !== undefined) await keepAnswer(client, { claim, answer: answer(webhook) })
    },
    respond(webhook: WebhookListing): Response {
      if (claim !== undefined) claim.isKept = true
      return toResponse(answer(webhook))
    },
  }
}

async function remove(call: Call, { pool }: WebhookRoutesOptions): Promise<Response> {
  const id = idOf(call)
  if (!(await deleteWebhook(pool, id))) throw webhookNotFound(id)
  return new Response(null, { status: 204 })
}

async function list(call: Call, { pool, now }: WebhookRoutesOptions): Promise<Response> {
  const { url } = call.request
  const query = new QueryReader(new URL(url).searchParams, listParameters)
  const limit = query.limit()
  const before = idCursor(query)
  query.end()
  // One more than asked for tells whether there is a next page.
  const found = await listWebhooks(pool, before, limit + 1)
  const webhooks = found.slice(0, limit)
  const last = found.length > limit ? webhooks.at(-1) : undefined
  return Response.json(
    webhooks.map(webhook => presentWebhook(webhook, now())),
    { headers: last === undefined ? {} : { link: linkToNext(url, last.id) } },
  )
}
