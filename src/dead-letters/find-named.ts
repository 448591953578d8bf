import type { Pool, PoolClient } from '../platform/postgres.ts'
import type { Naming } from '../whom.ts'
import { namesIn } from './named-in-value.ts'

/** Dead letters that are looked at at a time, and their bytes. */
const lettersMax = 200
const bytesMax = 4 * 1024 * 1024

/**
 * The next dead letters that name a customer or an order, also by the number of a parcel, in their value or one that they were edited to: all are
 * read, a portion at a time.
 *
 * @param position the last one that was looked at; empty at the beginning
 * @returns their ids, and where the next portion begins: undefined behind the last
 */
export async function findNamed(
  client: Pool | PoolClient,
  naming: Naming,
  position: string,
): Promise<{ ids: string[]; next: string | undefined }> {
  const { rows } = await client.query<Row>(portion, [position === '' ? '0' : position])
  const named = rows.map(({ id, values }) => ({
    id,
    names: values.map(value => namesIn(Buffer.from(value, 'base64'))),
  }))
  const all = named.flatMap(({ names }) => names)
  const orders = await naming.ordersOf(
    client,
    all.flatMap(({ orderUid, hasRecipient }) => (hasRecipient ? (orderUid ?? []) : [])),
  )
  const words = await naming.wordsOf(client, [...new Set(all.flatMap(one => one.words))])
  const { customerId: meant } = naming.whom
  const concerned = named.filter(({ names }) =>
    names.some(
      ({ customerId, orderUid = '', hasRecipient, words: own }) =>
        (meant !== undefined && customerId === meant) ||
        (hasRecipient && orders.has(orderUid)) ||
        own.some(word => words.has(word)),
    ),
  )
  return { ids: concerned.map(({ id }) => id), next: rows.at(-1)?.id }
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
