import { AppError } from '../errors.ts'
import type { Call, HttpRequest, Route } from '../platform/http.ts'
import { toResponse } from '../platform/idempotency/idempotency.ts'
import { type Claim, keepAnswer, type StoredResponse } from '../platform/idempotency/queries.ts'
import { linkToNext } from '../platform/links.ts'
import type { Pool } from '../platform/postgres.ts'
import { QueryReader } from '../platform/query.ts'
import { createKeyReader, keyContract } from './bodies.ts'
import { digestOf, generateKey } from './keys.ts'
import { keyOperations, listParameters } from './operations.ts'
import { insertKey, type KeyListing, keysMax, listKeyPage, revokeKey } from './queries.ts'
import { type CreatedKey, keyViews, type ListedKey } from './views.ts'

export type KeyRoutesOptions = {
  pool: Pool
  /** Those that a key can have. */
  scopes: readonly string[]
  /** Whether the last key may go: only where nobody else can reach the service, or others are configured. */
  mayBeLast: boolean
  /** The digest of the key that a request was sent with. */
  callerOf: (request: HttpRequest) => string
  /** Makes this instance use the keys as they are stored now. */
  reload: () => Promise<void>
}

const idForm = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/

/** API keys over HTTP, for admins. */
export function keyRoutes(options: KeyRoutesOptions): Route[] {
  const contract = keyContract(options.scopes)
  const read = createKeyReader(contract)
  const operations = keyOperations(contract, keyViews(options.scopes))
  const admin = { scope: 'admin', path: '/api/keys' } as const
  return [
    { ...admin, method: 'GET', operation: operations.list, handle: call => list(call, options) },
    {
      ...admin,
      method: 'POST',
      idempotent: true,
      operation: operations.create,
      handle: async (call, claim) => create(await read(call.request), claim, options),
    },
    {
      ...admin,
      method: 'DELETE',
      path: `${admin.path}/:id`,
      operation: operations.revoke,
      handle: call => revoke(call, options),
    },
  ]
}

async function list(call: Call, { pool, callerOf }: KeyRoutesOptions): Promise<Response> {
  const { request } = call
  const query = new QueryReader(new URL(request.url).searchParams, listParameters)
  const limit = query.limit()
  const behind = query.text('cursor')
  if (behind !== undefined && !idForm.test(behind)) query.refuse('cursor', 'taken from a Link header')
  query.end()
  // One more than asked for tells whether there is a next page.
  const found = await listKeyPage(pool, behind, limit + 1)
  const keys = found.slice(0, limit)
  const last = found.length > limit ? keys.at(-1) : undefined
  const caller = callerOf(request)
  return Response.json(
    keys.map(({ digest, ...key }) => present(key, digest === caller)),
    { headers: last === undefined ? {} : { link: linkToNext(request.url, last.id) } },
  )
}

/** The answer that is kept for a repetition has no key in it: of a key only the digest is ever stored. */
async function create(
  { name, scopes }: { name: string; scopes: readonly string[] },
  claim: Claim | undefined,
  { pool, reload }: KeyRoutesOptions,
): Promise<Response> {
  const key = generateKey()
  const made = await insertKey(pool, { name, digest: digestOf(key), scopes }, async (client, listing) => {
    if (claim !== undefined) await keepAnswer(client, { claim, answer: toAnswer(listing, null) })
  })
  if (made === undefined) throw new AppError('KEYS_TOO_MANY', `there may be ${keysMax} valid keys: revoke some first`)
  if (claim !== undefined) claim.isKept = true
  await reload()
  return toResponse(toAnswer(made, key))
}

function toAnswer(listing: KeyListing, key: string | null): StoredResponse {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  const created: CreatedKey = { ...present(listing, false), key }
  return { status: 201, headers, body: Buffer.from(JSON.stringify(created)) }
}

async function revoke(call: Call, { pool, mayBeLast, reload }: KeyRoutesOptions): Promise<Response> {
  const id = call.params.id ?? ''
  const before = idForm.test(id) ? await revokeKey(pool, id, mayBeLast) : 'unknown'
  if (before === 'unknown') throw new AppError('KEY_NOT_FOUND', `there is no key ${id}`)
  if (before === 'last') {
    throw new AppError('KEY_IS_LAST', 'it is the last key, and others can reach the service: make another first')
  }
  await reload()
  return new Response(null, { status: 204 })
}

function present({ created_at: made, revoked_at: revoked, ...key }: KeyListing, isCurrent: boolean): ListedKey {
  return {
    ...key,
    created_at: made.toISOString(),
    revoked_at: revoked?.toISOString() ?? null,
    is_current: isCurrent,
  }
}
