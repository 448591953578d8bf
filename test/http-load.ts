import { setTimeout as sleep } from 'node:timers/promises'
import type { OrderDocument } from '../src/orders/document.ts'

/** Senders of orders over HTTP, and the responses that they got. */
export type PostLoad = {
  /** JSON by uid: whatever was sent. */
  readonly sent: ReadonlyMap<string, string>
  /** Uids of those that were answered with success. */
  readonly acknowledged: ReadonlySet<string>
  /** How many answers there were of each status, and how many connections broke ('broken'). */
  readonly answers: ReadonlyMap<number | 'broken', number>
  /** Responses that no sender could use: a refusal without Retry-After, a wrong order. */
  readonly problems: readonly string[]
  /** Resolves when every order is acknowledged, or after `stop`. */
  readonly finished: Promise<void>
  /** Stops sending, and waits for requests in progress. */
  stop(): Promise<void>
}

/** How long a refused sender waits before it tries again. */
const againMs = 50

/**
 * Sends orders by many senders at a time, each again until it is acknowledged, as a careful shop does.
 *
 * @param options urls: of the services, which take turns; asked again for each request, since a service that is started
 *   again has another; onceOnly: do not send again what was refused
 */
export function startPosting(options: {
  urls: () => readonly string[]
  orders: readonly OrderDocument[]
  senders: number
  onceOnly?: boolean
}): PostLoad {
  const sent = new Map<string, string>()
  const acknowledged = new Set<string>()
  const answers = new Map<number | 'broken', number>()
  const problems: string[] = []
  let next = 0
  let isStopping = false

  async function attempt(uid: string, body: string, turn: number): Promise<boolean> {
    const urls = options.urls()
    const answer = await post(urls[turn % urls.length] ?? '', body)
    const status = answer?.status ?? 'broken'
    answers.set(status, (answers.get(status) ?? 0) + 1)
    if (status === 200 || status === 201) {
      acknowledged.add(uid)
      return true
    }
    if (status === 503 && !answer?.headers.has('retry-after')) problems.push(`503 without Retry-After for ${uid}`)
    if (status !== 503 && status !== 'broken') problems.push(`${uid} was answered ${status}: ${answer?.text}`)
    return false
  }

  async function send(): Promise<void> {
    for (let order = options.orders[next++]; order !== undefined && !isStopping; order = options.orders[next++]) {
      const [uid, body] = [order.order_uid, JSON.stringify(order)]
      sent.set(uid, body)
      for (let turn = next; !(await attempt(uid, body, turn)) && !options.onceOnly && !isStopping; turn += 1) {
        await sleep(againMs)
      }
    }
  }

  const finished = Promise.all(Array.from({ length: options.senders }, send)).then(() => undefined)
  return {
    sent,
    acknowledged,
    answers,
    problems,
    finished,
    stop() {
      isStopping = true
      return finished
    },
  }
}

/** Sends a body to be placed as an order; undefined when the connection broke before there was an answer. */
export async function post(url: string, body: string) {
  try {
    const response = await fetch(`${url}/api/orders`, { method: 'POST', body, signal: AbortSignal.timeout(60_000) })
    return { status: response.status, headers: response.headers, text: await response.text() }
  } catch {
    return undefined
  }
}
