import { AppError } from '../../errors.ts'
import { type Copy, copyOf } from '../copy.ts'
import type { Pool, PoolClient } from '../postgres.ts'

/** A response as it is stored and replayed. */
export type StoredResponse = {
  status: number
  headers: Readonly<Record<string, string>>
  body: string | Uint8Array<ArrayBuffer>
}

/** The right to answer a request that has an Idempotency-Key. */
export type Claim = {
  /** A UUID. */
  readonly id: string
  /** SHA-256 of caller and URL: the same key elsewhere is another one. */
  readonly scope: Buffer
  readonly key: string
  /** SHA-256 of the request. */
  readonly fingerprint: Buffer
  /**
   * Whether the key is claimed. A handler of a route with `claims: 'itself'` gets a claim that is not, and takes it in the transaction of
   * its first effect (`readingKeys`).
   */
  isTaken: boolean
  /** Set by a handler after the commit of a transaction in which it has stored its response. */
  isKept: boolean
}

/** A response and the claim that it settles. */
export type KeptAnswer = { claim: Claim; answer: StoredResponse }

/** The state of a key: claimed by this request, by another one, or answered. */
export type Holding =
  | { kind: 'ours' }
  | { kind: 'held'; fingerprint: Buffer }
  | { kind: 'answered'; fingerprint: Buffer; answer: StoredResponse }

/** Thrown by a handler that has found its key with another request, or answered. Nothing was done. */
export class KeyNotOurs extends Error {
  override readonly name = 'KeyNotOurs'
  readonly holding: Exclude<Holding, { kind: 'ours' }>

  constructor(holding: Exclude<Holding, { kind: 'ours' }>) {
    super('the Idempotency-Key belongs to another request')
    this.holding = holding
  }
}

/**
 * The longest response that is stored, in bytes. An order of 1 MiB is returned as up to 3.5 MiB: its numbers are written out, and 1e15
 * then has 16 digits.
 */
export const answerBytesMax = 4 * 1024 * 1024

type HoldingRow = { asked: string; fingerprint: Buffer; claim: string | null } & (AnswerRow | { status: null })
export type AnswerRow = { status: number; headers: Record<string, string>; body: Buffer<ArrayBuffer> }

/** A claim that a repetition of its request may take over. */
const isOver = 'held.claimed_until < now() and held.fingerprint = excluded.fingerprint'

/**
 * A claim in a transaction of its own is committed without waiting for the disk: what is done under it is committed behind it, and one
 * that a crash of the database loses counts as one that is over.
 */
const unhurried = "unhurried as materialized (select set_config('synchronous_commit', 'off', true))"

/** In the order of their keys, so that two instances never wait for each other. */
const takeAll = `
  with wanted as (
    select * from unnest($1::bytea[], $2::text[], $3::bytea[], $4::uuid[]) w (scope, key, fingerprint, asked)
  ), answer as (
    select asked, a.fingerprint, status, headers, body
      from wanted join idempotency_answers a using (scope, key)
  ), ${unhurried}, claim as (
    insert into idempotency_claims as held (scope, key, fingerprint, claim, claimed_until)
    select scope, key, fingerprint, asked, now() + $5 * interval '1 millisecond'
      from unhurried, wanted
     where asked not in (select asked from answer)
     order by scope, key
    on conflict (scope, key) do update
       set claim         = case when ${isOver} then excluded.claim         else held.claim         end,
           claimed_until = case when ${isOver} then excluded.claimed_until else held.claimed_until end
    returning held.scope, held.key, held.fingerprint, held.claim
  )
  select asked, fingerprint, status, headers, body, null as claim from answer
   union all
  select w.asked, c.fingerprint, null, null, null, c.claim from claim c join wanted w using (scope, key)`

/**
 * Claims keys that are free, or whose claim has expired and was made for the same request; otherwise returns their state. Times are the
 * database's: instances need not agree on theirs.
 *
 * @param claims of requests that came at the same time; of two with one key the second finds that of the first
 * @param leaseMs how long the claims hold, in milliseconds
 * @returns in the order of the claims
 */
export async function takeClaims(pool: Pool, claims: readonly Claim[], leaseMs: number): Promise<Holding[]> {
  const byKey = Map.groupBy(claims, ({ scope, key }) => `${scope.toString('latin1')} ${key}`)
  const holdings = new Map<string, Holding>()
  for (let turn = 0; holdings.size < claims.length; turn += 1) {
    const inTurn = [...byKey.values()].flatMap(same => same[turn] ?? [])
    const { rows } = await pool.query<HoldingRow>(takeAll, [...keysOf(inTurn), inTurn.map(({ id }) => id), leaseMs])
    for (const row of rows) holdings.set(row.asked, toHolding(row))
    if (rows.length !== inTurn.length) throw new Error('the database has neither claimed a key nor said who has')
  }
  return claims.map(({ id }) => holdings.get(id) as Holding)
}

/** How long a claim holds, in milliseconds: longer than a handler may work. */
export const leaseMs = 30_000

function keysOf(claims: readonly Claim[]): [scopes: Buffer[], keys: string[], fingerprints: Buffer[]] {
  return [claims.map(({ scope }) => scope), claims.map(({ key }) => key), claims.map(({ fingerprint }) => fingerprint)]
}

function toHolding({ asked, claim, fingerprint, ...row }: HoldingRow): Holding {
  if (row.status !== null) return { kind: 'answered', fingerprint, answer: toAnswer(row) }
  return claim === asked ? { kind: 'ours' } : { kind: 'held', fingerprint }
}

/** Releases a claim, so that the request can be repeated at once. */
export async function releaseClaim(pool: Pool, claim: Claim): Promise<void> {
  await pool.query('delete from idempotency_claims where scope = $1 and key = $2 and claim = $3', [
    claim.scope,
    claim.key,
    claim.id,
  ])
}

/**
 * Stores a response in the caller's transaction, so that it is stored if and only if the effect is.
 *
 * @throws AppError IDEMPOTENCY_KEY_IN_USE when another has answered; the transaction must then be rolled back
 */
export async function keepAnswer(client: PoolClient, kept: KeptAnswer): Promise<void> {
  const { rowCount } = await client.query(insertAnswer, valuesOf(kept))
  if (rowCount === 0) throw new AppError('IDEMPOTENCY_KEY_IN_USE', 'a request with this Idempotency-Key came first')
}

/**
 * Stores a response in a transaction of its own, unless there is one.
 *
 * @returns the stored response of the same request; undefined when there was none
 */
export async function keepFirstAnswer(pool: Pool, kept: KeptAnswer): Promise<StoredResponse | undefined> {
  const { rowCount } = await pool.query(insertAnswer, valuesOf(kept))
  if (rowCount === 1) return undefined
  const { rows } = await pool.query<AnswerRow>(
    'select status, headers, body from idempotency_answers where scope = $1 and key = $2 and fingerprint = $3',
    [kept.claim.scope, kept.claim.key, kept.claim.fingerprint],
  )
  return rows[0] && toAnswer(rows[0])
}

const insertAnswer = `
  insert into idempotency_answers (scope, key, fingerprint, status, headers, body)
  values ($1, $2, $3, $4, $5, $6)
  on conflict do nothing`

function valuesOf({ claim, answer }: KeptAnswer): unknown[] {
  const { status, headers, body } = bounded(answer)
  return [
    claim.scope,
    claim.key,
    claim.fingerprint,
    status,
    JSON.stringify(headers),
    typeof body === 'string' ? Buffer.from(body) : body,
  ]
}

/** Returns responses as rows, for an effect that is written by COPY. One that exists causes a unique violation. */
export function copyOfAnswers(kept: readonly KeptAnswer[]): Copy {
  const columns = 'scope, key, fingerprint, status, headers, body'
  return copyOf('idempotency_answers', columns, kept, ({ claim, answer }, writer) => {
    const { status, headers, body } = bounded(answer)
    writer.row(6)
    writer.bytes(claim.scope)
    writer.text(claim.key)
    writer.bytes(claim.fingerprint)
    writer.smallint(status)
    writer.text(JSON.stringify(headers))
    if (typeof body === 'string') writer.text(body)
    else writer.bytes(body)
  })
}

function bounded(answer: StoredResponse): StoredResponse {
  const byteLength = Buffer.byteLength(answer.body)
  if (byteLength <= answerBytesMax) return answer
  throw new Error(`an answer of ${byteLength} bytes cannot be kept: at most ${answerBytesMax}`)
}

export function toAnswer({ status, headers, body }: AnswerRow): StoredResponse {
  return { status, headers, body }
}

/**
 * Removes expired keys: one small batch of each table. Any number of instances may do it at once: each skips rows that another has
 * locked.
 *
 * @param keptForMs how long keys are kept, in milliseconds
 * @returns the size of the larger batch; fewer than `rowsMax` means that no more are due
 */
export async function removeOldKeys(pool: Pool, keptForMs: number, rowsMax: number): Promise<number> {
  const remove = async (table: string, time: string) => {
    const { rowCount } = await pool.query(
      `delete from ${table}
        where (scope, key) in (select scope, key
                                 from ${table}
                                where ${time} < now() - $1 * interval '1 millisecond'
                                order by ${time}
                                limit $2
                                  for update skip locked)`,
      [keptForMs, rowsMax],
    )
    return rowCount ?? 0
  }
  const claims = await remove('idempotency_claims', 'claimed_until')
  return Math.max(claims, await remove('idempotency_answers', 'kept_at'))
}
