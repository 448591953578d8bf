import type { EraseStep, Erasing } from '../erase-part.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { lockDeadLetters, recordAttempts } from './attempts.ts'
import { findNamed } from './find-named.ts'

/**
 * Erases the values of dead letters that name the customer or one of the orders, also by the number of a parcel, and the values that they were
 * edited to. An open one is discarded with it, since nothing is left to replay. The digest stays: the same message does not come again.
 */
export const eraseDeadLetters: EraseStep = {
  name: 'dead_letters',
  async run(client, erasing, position) {
    const { ids, next } = await findNamed(client, erasing, position)
    if (ids.length > 0) await erase(client, ids, erasing)
    return { erased: ids.length, next }
  },
}

async function erase(client: PoolClient, ids: readonly string[], erasing: Erasing): Promise<void> {
  const open = (await lockDeadLetters(client, ids)).filter(({ state }) => state === 'open')
  const at = new Date(erasing.nowMs).toISOString()
  const by = { actor: erasing.actor, reason: erasing.reason === '' ? 'erased' : erasing.reason, at }
  await recordAttempts(
    client,
    open.map(({ id }) => ({ id, outcome: 'discarded' })),
    by,
  )
  await client.query(
    `update dead_letters
        set message_value = null, headers = '[]', violations = '[]', erased_at = $2
      where id = any($1::bigint[])`,
    [ids, at],
  )
  await client.query(
    `update dead_letter_history
        set edited_value = case when edited_value is not null then ''::bytea end, violations = case when violations is not null then '[]'::json end
      where letter_id = any($1::bigint[])`,
    [ids],
  )
}
