import { randomBytes } from 'node:crypto'
import { AppError } from '../errors.ts'
import { readLogEnd } from '../events/log.ts'
import type { Context, Method, Route } from '../platform/http.ts'
import { toResponse } from '../platform/idempotency.ts'
import { type Answer, type Claim, keepAnswer } from '../platform/idempotency-queries.ts'
import { linkToNext } from '../platform/links.ts'
import type { Pool, PoolClient } from '../platform/postgres.ts'
import { QueryReader } from '../platform/query.ts'
import { createBodyReader } from './bodies.ts'
import { existing, idCursor, idOf, webhookNotFound } from './finding.ts'
import { listParameters, webhookOperations } from './operations.ts'
import { presentWebhook } from './presenting.ts'
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

/** Subscriptions over HTTP: they send orders to strangers, so they are for admins. */
export function webhookRoutes(options: WebhookRoutesOptions): Route[] {
  const { pool, now } = options
  const operations = webhookOperations(options.eventTypes)
  const read = createBodyReader(options.eventTypes)
  const route = (
    method: Method,
    path: string,
    name: keyof typeof operations,
    handle: (context: Context, claim?: Claim) => Promise<Response>,
  ): Route => ({
    method,
    path: `/api/webhooks${path}`,
    scope: 'admin',
    ...(method === 'POST' ? { idempotent: true } : {}),
    operation: operations[name],
    handle,
  })
  const present = async (id: string) => Response.json(presentWebhook(await existing(pool, id), now()))

  /** Changes a subscription and presents it as it is then. */
  async function changed(id: string, change: Promise<boolean>): Promise<Response> {
    if (!(await change)) throw webhookNotFound(id)
    return present(id)
  }

  /** The answer with a new secret, kept with the change that made it: asked for again, there must not be another secret. */
  function answerWith(secret: string, status: number, claim: Claim | undefined) {
    const answer = (webhook: WebhookListing): Answer => ({
      status,
      headers: {
        'content-type': 'application/json',
        ...(status === 201 ? { location: `/api/webhooks/${webhook.id}` } : {}),
      },
      body: Buffer.from(JSON.stringify({ ...presentWebhook(webhook, now()), secret })),
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

  return [
    route('POST', '', 'create', async (context, claim) => {
      const { url, description = '', event_types: eventTypes = ['*'] } = await read.creation(context.req.raw)
      await checkTarget(url, options)
      const secret = secretOf(randomBytes(secretBytes))
      const { withChange, respond } = answerWith(secret, 201, claim)
      const webhook = { url, description, eventTypes, secret }
      const made = await insertWebhook(pool, webhook, await readLogEnd(pool), webhooksMax, now(), withChange)
      if (made === undefined) throw new AppError('WEBHOOKS_TOO_MANY', `there may be ${webhooksMax} webhooks`)
      return respond(made)
    }),
    route('GET', '', 'list', context => list(context, options)),
    route('GET', '/:id', 'read', context => present(idOf(context))),
    route('PATCH', '/:id', 'change', async context => {
      const change = await read.change(context.req.raw)
      const id = idOf(context)
      if (change.url !== undefined) await checkTarget(change.url, options)
      return changed(id, updateWebhook(pool, id, change, now()))
    }),
    route('DELETE', '/:id', 'remove', async context => {
      const id = idOf(context)
      if (!(await deleteWebhook(pool, id))) throw webhookNotFound(id)
      return new Response(null, { status: 204 })
    }),
    route('POST', '/:id/rotate-secret', 'rotate', async (context, claim) => {
      const { previous_valid_for_seconds: seconds = previousSecretSeconds.default } = await read.rotation(
        context.req.raw,
      )
      const id = idOf(context)
      const secret = secretOf(randomBytes(secretBytes))
      const { withChange, respond } = answerWith(secret, 200, claim)
      const rotated = await rotateSecret(pool, id, secret, now() + seconds * 1000, now(), withChange)
      if (rotated === undefined) throw webhookNotFound(id)
      return respond(rotated)
    }),
    route('POST', '/:id/enable', 'enable', async context => {
      const id = idOf(context)
      return changed(id, enableWebhook(pool, id, await readLogEnd(pool), now()))
    }),
    route('POST', '/:id/disable', 'disable', context => {
      const id = idOf(context)
      return changed(id, disableWebhook(pool, id, 'requested', now()))
    }),
  ]
}

async function list(context: Context, { pool, now }: WebhookRoutesOptions): Promise<Response> {
  const { url } = context.req.raw
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
