import type { Violation } from '../../src/errors.ts'
import type { Problem } from '../../src/platform/view.ts'
import { base } from './address.ts'
import { apiKey, askForKey } from './key.ts'
import { failureTexts } from './texts.ts'

export type { Violation }

/** An error response of the API; `status` is 0 when the service could not be reached. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly violations: readonly Violation[]

  constructor(status: number, { title, detail = '', code = '', errors = [] }: Partial<Problem>) {
    super(title ?? failureTexts.status(status))
    this.status = status
    this.code = code
    this.detail = detail
    this.violations = errors
  }
}

/** Whether what was asked for does not exist. */
export function isNotFound(error: unknown): boolean {
  return error instanceof Refusal && error.status === 404
}

export type AskOptions = {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  headers?: Record<string, string>
  body?: unknown
  signal?: AbortSignal
  /** The page does without what the key has no scope for: nobody is asked for another key then. */
  isOptional?: true
}

const answerDeadlineMs = 15_000

/** Errors for which another key may help. */
const keyProblems = ['KEY_MISSING', 'KEY_UNKNOWN', 'SCOPE_MISSING']

/** The address of the next page of a list, from its `Link` header, which is relative to where the page was read; undefined on the last. */
export function nextPage(response: Response): string | undefined {
  const target = /<([^<>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1]
  return target === undefined ? undefined : new URL(target, response.url).href
}

/**
 * Sends a request to the API. When it requires a key, asks the user for one and retries.
 *
 * @param path below the service's root, or an absolute address that it returned
 * @returns a successful response (or 304)
 * @throws Refusal; what `signal` was aborted with
 */
export async function request(path: string, options: AskOptions = {}): Promise<Response> {
  for (;;) {
    const key = apiKey.value
    const response = await send(path, options, key)
    if (response.ok || response.status === 304) return response
    const refusal = new Refusal(response.status, await problemOf(response))
    if (!keyProblems.includes(refusal.code)) throw refusal
    if (options.isOptional === true && refusal.code === 'SCOPE_MISSING') throw refusal
    // Another request may have obtained a key meanwhile.
    if (apiKey.value === key && !(await askForKey(key === undefined ? '' : refusal.detail))) throw refusal
  }
}

/** Sends a request whose response is a JSON document, with a deadline. */
export async function ask<Answer>(path: string, options: AskOptions = {}): Promise<Answer> {
  const deadline = AbortSignal.timeout(answerDeadlineMs)
  const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline])
  const response = await request(path, { ...options, signal })
  return (await response.json()) as Answer
}

async function send(path: string, options: AskOptions, key: string | undefined): Promise<Response> {
  const { method = 'GET', headers = {}, body, signal } = options
  const init: RequestInit = {
    method,
    headers: {
      ...headers,
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  }
  try {
    return await fetch(path.startsWith('/') ? base + path : path, init)
  } catch (error) {
    if (signal?.aborted === true && (signal.reason as Error | undefined)?.name !== 'TimeoutError') throw error
    throw new Refusal(0, { title: failureTexts.unreachable, detail: failureTexts.unreachableHint })
  }
}

/** Empty where something between has answered with another kind of body. */
async function problemOf(response: Response): Promise<Partial<Problem>> {
  return (await response.json().catch(() => ({}))) as Partial<Problem>
}
