import type { PoolClient } from '../postgres.ts'

/** Answers that are looked at by one transaction, and the bytes of those that are read. */
const answersMax = 1_000
const bytesMax = 8 * 1024 * 1024

type Row = { scope: string; key: string; body: Buffer | null }

/**
 * Rewrites the bodies of kept answers, a portion in the order of their keys.
 *
 * @param position where the last portion ended; empty at the beginning
 * @param marks only bodies that have one of these texts are read
 * @param rewrite undefined: the body stays as it is
 */
export async function rewriteAnswers(
  client: PoolClient,
  position: string,
  marks: readonly string[],
  rewrite: (body: string) => string | undefined,
): Promise<{ rewritten: number; next: string | undefined }> {
  const [scope = '', ...key] = position.split(' ')
  const { rows } = await client.query<Row>(
    `select encode(scope, 'hex') as scope, key, case when is_marked then body end as body
       from (select *, sum(case when is_marked then octet_length(body) else 0 end) over (order by scope, key)
                         - octet_length(body) as bytes_before
               from (select scope, key, body, exists (select from unnest($3::text[]) mark where position(convert_to(mark, 'UTF8') in body) > 0) as is_marked
                       from idempotency_answers
                      where (scope, key) > (decode($1, 'hex'), $2)
                      order by scope, key
                      limit ${answersMax}) few) sized
      where bytes_before < ${bytesMax}
      order by scope, key`,
    [scope, key.join(' '), marks],
  )
  const changed = rows.flatMap(({ body, ...row }) => {
    const rewritten = body === null ? undefined : rewrite(body.toString('utf8'))
    return rewritten === undefined ? [] : [{ ...row, body: Buffer.from(rewritten) }]
  })
  if (changed.length > 0) await save(client, changed)
  const last = rows.at(-1)
  return { rewritten: changed.length, next: last && `${last.scope} ${last.key}` }
}

async function save(client: PoolClient, changed: readonly (Row & { body: Buffer })[]): Promise<void> {
  await client.query(
    `update idempotency_answers a
        set body = c.body
       from unnest($1::text[], $2::text[], $3::bytea[]) c (scope, key, body)
      where a.scope = decode(c.scope, 'hex') and a.key = c.key`,
    [changed.map(({ scope }) => scope), changed.map(({ key }) => key), changed.map(({ body }) => body)],
  )
}
