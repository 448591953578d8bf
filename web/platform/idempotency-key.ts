import { Refusal } from './api.ts'

/**
 * The Idempotency-Key of an open form. A request that is sent again has the same key, so that it has its effect once, also when the
 * answer was lost. Once the service has refused the request nothing was done, and a changed form is another request: it gets another
 * key.
 */
export class IdempotencyKey {
  #value = newKey()

  /** Runs a request with the key. @throws what the request throws */
  async use<Answer>(send: (headers: Record<string, string>) => Promise<Answer>): Promise<Answer> {
    try {
      return await send({ 'idempotency-key': this.#value })
    } catch (error) {
      if (error instanceof Refusal && isRefused(error)) this.#value = newKey()
      throw error
    }
  }
}

/** Codes that say of the key that a request with it is known: what came of that is not known here. */
const keyCodes = ['IDEMPOTENCY_KEY_IN_USE', 'IDEMPOTENCY_KEY_REUSED']

/** Whether an answer says that the request was looked at, and that nothing was done. */
function isRefused({ status, code }: Refusal): boolean {
  return [404, 409, 422].includes(status) && code !== '' && !keyCodes.includes(code)
}

/** 128 random bits. `randomUUID` is there on secure origins only, and the page is served without TLS too. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, '0')).join('')
}
