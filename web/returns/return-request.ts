import { request } from '../platform/api.ts'
import type { IdempotencyKey } from '../platform/idempotency-key.ts'
import type { Return, ReturnAction } from './return.ts'

/** The service waits for the provider that refunds; it takes longer than other requests. */
const answerDeadlineMs = 45_000

/** Asks something of a return. @returns the return then @throws Refusal */
export function moveReturn(id: string, action: ReturnAction, body: object, key: IdempotencyKey): Promise<Return> {
  return send(`/api/returns/${encodeURIComponent(id)}/${action}`, body, key)
}

/** Requests a return of units of an order. @throws Refusal */
export function createReturn(orderUid: string, body: object, key: IdempotencyKey): Promise<Return> {
  return send(`/api/orders/${encodeURIComponent(orderUid)}/returns`, body, key)
}

async function send(path: string, body: object, key: IdempotencyKey): Promise<Return> {
  const signal = AbortSignal.timeout(answerDeadlineMs)
  const response = await key.use(headers =>
    request(path, { method: 'POST', headers, body: { ...body, actor: 'web' }, signal }),
  )
  return (await response.json()) as Return
}
