import { request } from '../platform/api.ts'
import type { IdempotencyKey } from '../platform/idempotency-key.ts'
import type { ItemModel } from './item-model.ts'

type Entry = { path: 'movements' | 'count'; body: object; key: IdempotencyKey }

/**
 * Records a movement or a count, and reads the item again: also after a refusal, since then what was shown is out of date.
 *
 * @returns the service's answer
 * @throws Refusal
 */
export async function recordStock<Answer>(
  model: ItemModel,
  chrtId: number,
  { path, body, key }: Entry,
): Promise<Answer> {
  try {
    const response = await key.use(headers =>
      request(`/api/stock/${chrtId}/${path}`, { method: 'POST', headers, body: { ...body, actor: 'web' } }),
    )
    return (await response.json()) as Answer
  } finally {
    await model.load()
  }
}
