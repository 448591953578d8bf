import type { Call, Route } from '../platform/http.ts'
import { toResponse } from '../platform/idempotency/idempotency.ts'
import { type Claim, keepAnswer } from '../platform/idempotency/queries.ts'
import { type LinesSource, linesResponse } from '../platform/lines-response.ts'
import { linkToNext } from '../platform/links.ts'
import type { Logger } from '../platform/log.ts'
import type { Pool } from '../platform/postgres.ts'
import { QueryReader } from '../platform/query.ts'
import type { Resolution } from './attempts.ts'
import { type DeadLetterCommands, notFound, type OnResolved } from './commands.ts'
import { listParameters, operations } from './operations.ts'
import { presentResolution, presentWhole, sumOf } from './presentation.ts'
import { countDeadLetters, findDeadLetter, listDeadLetters } from './queries.ts'
import { idForm, readDiscard, readMany, readReplay } from './requests.ts'
import { deadLetterStates } from './views.ts'

type Options = { pool: Pool; commands: DeadLetterCommands; log: Logger }

/** Dead letters over HTTP. They hold what strangers sent, recipients' data included, so only admins may read them. */
export function deadLetterRoutes(options: Options): Route[] {
  const { pool, commands } = options
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
    {
      ...one,
      path: `${path}/:id/replay`,
      operation: operations.replay,
      handle: (c, claim) => replay(c, commands, claim),
    },
    {
      ...one,
      path: `${path}/:id/discard`,
      operation: operations.discard,
      handle: (c, claim) => discard(c, commands, claim),
    },
  ]
}

async function list(call: Call, pool: Pool): Promise<Response> {
  const { url } = call.request
  const query = readQuery(new URL(url).searchParams)
  const { deadLetters, isAll } = await listDeadLetters(pool, query, query.limit)
  const last = isAll ? undefined : deadLetters.at(-1)
  return Response.json(deadLetters, { headers: last === undefined ? {} : { link: linkToNext(url, last.id) } })
}

function readQuery(given: URLSearchParams) {
  const query = new QueryReader(given, listParameters)
  const [topic, code, before] = ['topic', 'code', 'cursor'].map(name => query.storableText(name))
  const limit = query.limit()
  if (before !== undefined && !idForm.test(before)) query.refuse('cursor', 'taken from a Link header')
  const state = query.text('state')
  if (state !== undefined && !(deadLetterStates as readonly string[]).includes(state)) {
    query.refuse('state', `one of ${deadLetterStates.join(', ')}`)
  }
  query.end()
  return { topic, code, state, before, limit }
}

async function show(call: Call, { pool, commands }: Options): Promise<Response> {
  const id = idOf(call)
  const found = await findDeadLetter(pool, id)
  if (found === undefined) throw notFound(id)
  const { code } = found.deadLetter
  return new Response(presentWhole(found, commands.check(code, found.value)), {
    headers: { 'content-type': 'application/json' },
  })
}

async function replay(call: Call, commands: DeadLetterCommands, claim: Claim | undefined): Promise<Response> {
  const id = idOf(call)
  const { by, edited } = await readReplay(call.request)
  return answerOne(await commands.replay(id, by, { edited, onResolved: keepAnswerOf(claim) }), claim)
}

async function discard(call: Call, commands: DeadLetterCommands, claim: Claim | undefined): Promise<Response> {
  const id = idOf(call)
  const by = await readDiscard(call.request)
  return answerOne(await commands.discard(id, by, { onResolved: keepAnswerOf(claim) }), claim)
}

/** Keeps the answer to a request with an Idempotency-Key. */
function keepAnswerOf(claim: Claim | undefined): OnResolved | undefined {
  return claim && ((client, resolution) => keepAnswer(client, { claim, answer: toAnswer(resolution) }))
}

function answerOne(resolution: Resolution, claim: Claim | undefined): Response {
  if (resolution.outcome === 'refused') throw resolution.error
  if (claim !== undefined) claim.isKept = true
  return toResponse(toAnswer(resolution))
}

function toAnswer(resolution: Resolution) {
  const body = new TextEncoder().encode(JSON.stringify(presentResolution(resolution)))
  return { status: 200, headers: { 'content-type': 'application/json' }, body }
}

async function replayMany(call: Call, { commands, log }: Options): Promise<Response> {
  const { by, filter } = await readMany(call.request, false)
  return linesResponse(toLines(commands.replayMany(filter, by), log))
}

async function discardMany(call: Call, { commands, log }: Options): Promise<Response> {
  const { by, filter } = await readMany(call.request, true)
  return linesResponse(toLines(commands.discardMany(filter, by), log))
}

function toLines(batches: AsyncGenerator<Resolution[]>, log: Logger): LinesSource {
  const sums = { count: 0, replayed: 0, refused: 0, discarded: 0 }
  async function* lines() {
    for await (const batch of batches) {
      for (const resolution of batch) sums[sumOf(resolution)] += 1
      sums.count += batch.length
      if (batch.length > 0) yield toBytes(batch.map(presentResolution))
    }
  }
  return { lines: lines(), sums: () => sums, log }
}

function toBytes(lines: readonly unknown[]): Uint8Array {
  return Buffer.from(lines.map(line => `${JSON.stringify(line)}\n`).join(''))
}

/** @throws AppError DEAD_LETTER_NOT_FOUND for what cannot be an id */
function idOf(call: Call): string {
  const id = call.params.id ?? ''
  if (!idForm.test(id)) throw notFound(id)
  return id
}
