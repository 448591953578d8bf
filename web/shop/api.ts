import type { Problem } from '../../src/platform/view.ts'
import { type AskOptions, Refusal } from '../platform/api.ts'
import { failureTexts } from '../platform/texts.ts'
import { serviceBase } from './address.ts'
import { noteCall } from './calls.ts'

/** Calls of the shop. They have no API key: what is public needs nothing, and a cart is opened by its own token. */

type Asked = Pick<AskOptions, 'method' | 'body' | 'signal'> & {
  /** Of the cart. */
  token?: string
}

const answerDeadlineMs = 15_000

/**
 * Sends a request.
 *
 * @param path below the service's root, or an absolute address that it returned
 * @throws Refusal, with status 0 when there was no answer; what `signal` was aborted with
 */
export async function call(path: string, asked: Asked = {}): Promise<Response> {
  const { method = 'GET', signal } = asked
  const startedMs = performance.now()
  const note = (status: number) => {
    const { pathname, search } = new URL(path.startsWith('/') ? serviceBase + path : path, location.href)
    const shown = decodeURIComponent(pathname.slice(serviceBase.length) + search.replaceAll('+', ' '))
    noteCall({ method, path: shown, status, tookMs: Math.round(performance.now() - startedMs) })
  }
  let response: Response
  try {
    response = await fetch(path.startsWith('/') ? serviceBase + path : path, initOf(asked))
  } catch (error) {
    if (signal?.aborted === true) throw error
    note(0)
    throw new Refusal(0, { title: failureTexts.unreachable, detail: failureTexts.unreachableHint })
  }
  note(response.status)
  if (response.ok) return response
  // Empty where something between has answered with another kind of body.
  throw new Refusal(response.status, (await response.json().catch(() => ({}))) as Partial<Problem>)
}

/** Sends a request whose answer is JSON. Throws as `call`. */
export async function ask<Answer>(path: string, asked: Asked = {}): Promise<Answer> {
  const response = await call(path, asked)
  return (await response.json()) as Answer
}

function initOf({ method = 'GET', body, token, signal }: Asked): RequestInit {
  const deadline = AbortSignal.timeout(answerDeadlineMs)
  return {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }
}
