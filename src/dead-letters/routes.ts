import type { Call, Route } from '../platform/http.ts'
import { toResponse } from '../platform/idempotency/idempotency.ts'
import { type Claim, keepAnswer } from '../platform/idempotency/queries.ts'
import { type LinesSource, linesResponse } from '../platform/lines-response.ts'
import { linkToNext } from '../platform/links.ts'
import type { Logger } from '../platform/log.ts'
import type { Pool } from '../platform/postgres.ts'
import { QueryReader } from '../platform/query.ts'
import { type Desk, type Keep, notFound, type Result } from './desk.ts'
import { letterStates } from './letter.ts'
import { listParameters, operations } from './operations.ts'
import { presentResult, presentWhole, sumOf } from './presentation.ts'
import { countDeadLetters, findDeadLetter, listDeadLetters } from './queries.ts'
import { idForm, readDiscard, readMany, readReplay } from './requests.ts'

type Options = { pool: Pool; desk: Desk; log: Logger }

/** Dead letters over HTTP. They hold what strangers sent, recipients' data among it, so they are for admins. */
export function deadLetterRoutes(options: Options): Route[] {
  const { pool, desk } = options
  const get = { method: 'GET', scope: 'admin' } as const
  const post = { method: 'POST', scope: 'admin' } as const
  const one = { ...post, idempotent: true } as const
  const path = '/api/dead-letters'
  return [
    { ...get, path, operation: operations.list, handle: c => list(c, pool) },
    // No name may stand beside an id among the reads: the fast router does not take that.
    {
      ...get,
      path: '/api/dead-letter-counts',
      operation: operations.count,
      handle: async () => Response.json(await countDeadLetters(pool)),
    },
    { ...get, path: `${path}/:id`, operation: operations.get, handle: c => show(c, options) },
    { ...post, path: `${path}/replay`, operation: operations.replayMany, handle: c => replayMany(c, options) },
    { ...post, path: `${path}/discard`, operation: operations.discardMany, handle: c => discardMany(c, options) },
    { ...one, path: `${path}/:id/replay`, operation: operations.replay, handle: (c, claim) => replay(c, desk, claim) },
    {
      ...one,
      path: `${path}/:id/discard`,
      operation: operations.discard,
      handle: (c, claim) => discard(c, desk, claim),
    },
  ]
}

async function list(call: Call, pool: Pool): Promise<Response> {
  const { url } = call.request
  const query = readQuery(new URL(url).searchParams)
  const { letters, isAll } = await listDeadLetters(pool, query, query.limit)
  const last = isAll ? undefined : letters.at(-1)
  return Response.json(letters, { headers: last === undefined ? {} : { link: linkToNext(url, last.id) } })
}

function readQuery(given: URLSearchParams) {
  const query = new QueryReader(given, listParameters)
  const [topic, code, before] = ['topic', 'code', 'cursor'].map(name => query.storableText(name))
  const limit = query.limit()
  if (before !== undefined && !idForm.test(before)) query.refuse('cursor', 'taken from a Link header')
  const state = query.text('state')
  if (state !== undefined && !(letterStates as readonly string[]).includes(state)) {
    query.refuse('state', `one of ${letterStates.join(', ')}`)
  }
  query.end()
  return { topic, code, state, before, limit }
}

async function show(call: Call, { pool, desk }: Options): Promise<Response> {
  const id = idOf(call)
  const found = await findDeadLetter(pool, id)
  if (found === undefined) throw notFound(id)
  const { code } = found.letter
  return new Response(presentWhole(found, desk.check(code, found.value)), {
    headers: { 'content-type': 'application/json' },
  })
}

async function replay(call: Call, desk: Desk, claim: Claim | undefined): Promise<Response> {
  const id = idOf(call)
  const { by, edited } = await readReplay(call.request)
  return answerOne(await desk.replay(id, by, { edited, keep: keepOf(claim) }), claim)
}

async function discard(call: Call, desk: Desk, claim: Claim | undefined): Promise<Response> {
  const id = idOf(call)
  const by = await readDiscard(call.request)
  return answerOne(await desk.discard(id, by, { keep: keepOf(claim) }), claim)
}

/** Keeps the answer to a request with an Idempotency-Key. */
function keepOf(claim: Claim | undefined): Keep | undefined {
  return claim && ((client, result) => keepAnswer(client, { claim, answer: toAnswer(result) }))
}

function answerOne(result: Result, claim: Claim | undefined): Response {
  if (result.outcome === 'refused') throw result.error
  if (claim !== undefined) claim.isKept = true
  return toResponse(toAnswer(result))
}

function toAnswer(result: Result) {
  const body = new TextEncoder().encode(JSON.stringify(presentResult(result)))
  return { status: 200, headers: { 'content-type': 'application/json' }, body }
}

async function replayMany(call: Call, { desk, log }: Options): Promise<Response> {
  const { by, filter } = await readMany(call.request, false)
  return linesResponse(toLines(desk.replayMany(filter, by), log))
}

async function discardMany(call: Call, { desk, log }: Options): Promise<Response> {
  const { by, filter } = await readMany(call.request, true)
  return linesResponse(toLines(desk.discardMany(filter, by), log))
}

function toLines(batches: AsyncGenerator<Result[]>, log: Logger): LinesSource {
  const sums = { count: 0, replayed: 0, refused: 0, discarded: 0 }
  async function* lines() {
    for await (const batch of batches) {
      for (const result of batch) sums[sumOf(result)] += 1
      sums.count += batch.length
      if (batch.length > 0) yield toBytes(batch.map(presentResult))
    }
  }
  return { lines: lines(), sums: () => sums, log }
}

function toBytes(lines: readonly unknown[]): Uint8Array {
  return Buffer.from(lines.map(line => `${JSON.stringify(line)}\n`).join(''))
}

/** @throws AppError for what can be no letter's number */
function idOf(call: Call): string {
  const id = call.params.id ?? ''
  if (!idForm.test(id)) throw notFound(id)
  return id
}
