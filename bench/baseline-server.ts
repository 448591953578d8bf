import type { PostgresAddress } from '../src/platform/postgres.ts'
import { openOneByOne } from './one-by-one.ts'

/**
 * A program: the least that a server can do for the same requests. Reads a `Baseline` from standard input and writes its
 * port, once it listens.
 */
export type Baseline =
  /** Answers from a Map of bytes, under the headers that the service sends. */
  | { kind: 'get'; answers: readonly { path: string; body: string; headers: Record<string, string> }[] }
  /** Checks each order, and stores it by a transaction of its own. */
  | { kind: 'post'; address: PostgresAddress }

type Handler = (request: Request) => Response | Promise<Response>

const idleTimeoutSeconds = 60

function answerFromMap(answers: Extract<Baseline, { kind: 'get' }>['answers']): Handler {
  const byPath = new Map(
    answers.map(({ path, body, headers }) => [path, { bytes: new TextEncoder().encode(body), headers }]),
  )
  return request => {
    const answer = byPath.get(request.url.slice(request.url.indexOf('/', 8)))
    if (answer === undefined) return new Response(null, { status: 404 })
    return new Response(answer.bytes, { headers: answer.headers })
  }
}

async function storeOneByOne(address: PostgresAddress): Promise<Handler> {
  const store = await openOneByOne(address)
  return async request => {
    const bytes = new Uint8Array(await request.arrayBuffer())
    await store.place(bytes)
    return new Response(bytes, { status: 201, headers: { 'content-type': 'application/json' } })
  }
}

const baseline = (await Bun.stdin.json()) as Baseline
const fetch = baseline.kind === 'get' ? answerFromMap(baseline.answers) : await storeOneByOne(baseline.address)
const server = Bun.serve({ hostname: '127.0.0.1', port: 0, idleTimeout: idleTimeoutSeconds, fetch })
process.stdout.write(`${server.port}\n`)
