import type { EraseStep, Erasing } from '../erase-part.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { lockDeadLetters, recordAttempts } from './attempts.ts'
import { namesIn } from './named-in-value.ts'

/** Dead letters that are looked at by one transaction, and their bytes. */
const lettersMax = 200
const bytesMax = 4 * 1024 * 1024

/**
 * Erases the values of dead letters that name the customer or one of the orders, also by the number of a parcel, and the values that they were
 * edited to. An open one is discarded with it, since nothing is left to replay. The digest stays: the same message does not come again.
 */
export const eraseDeadLetters: EraseStep = {
  name: 'dead_letters',
  async run(client, erasing, position) {
    const { rows } = await client.query<Row>(portion, [position === '' ? '0' : position])
    const named = rows.map(({ id, values }) => ({
      id,
      names: values.map(value => namesIn(Buffer.from(value, 'base64'))),
    }))
    const orders = await erasing.ordersOf(
      client,
      named.flatMap(({ names }) =>
        names.flatMap(({ orderUid, hasRecipient }) => (hasRecipient ? (orderUid ?? []) : [])),
      ),
    )
    const words = await erasing.wordsOf(client, [
      ...new Set(named.flatMap(({ names }) => names.flatMap(one => one.words))),
    ])
    const { customerId: meant } = erasing.whom
    const concerned = named.filter(({ names }) =>
      names.some(
        ({ customerId, orderUid = '', hasRecipient, words: own }) =>
          (meant !== undefined && customerId === meant) ||
          (hasRecipient && orders.has(orderUid)) ||
          own.some(word => words.has(word)),
      ),
    )
    const ids = concerned.map(({ id }) => id)
    if (ids.length > 0) await erase(client, ids, erasing)
    return { erased: ids.length, next: rows.at(-1)?.id }
  },
}

/** `values`: of the letter and of its edits, in base64. */
type Row = { id: string; values: string[] }

const portion = `
  select id::text as id, values
    from (select id, values, sum(size) over (order by id) - size as bytes_before
            from (select l.id, coalesce(octet_length(message_value), 0) + coalesce(edits.bytes, 0) as size,
                         array_remove(array_append(coalesce(edits.values, '{}'), encode(message_value, 'base64')), null) as values
                    from (select id, message_value from dead_letters where id > $1::bigint order by id limit ${lettersMax}) l
                   cross join lateral (select array_agg(encode(edited_value, 'base64')) as values,
                                              sum(octet_length(edited_value)) as bytes
                                         from dead_letter_history
                                        where letter_id = l.id and edited_value is not null) edits) few) sized
   where bytes_before < ${bytesMax}
   order by id`

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
