import type { ExportSearch } from '../export-part.ts'
import { findNamed } from './find-named.ts'

/** The dead letters that name a customer, with what they were edited to. A value that is not UTF-8 is in there as far as it can be read. */
export const exportDeadLetters: ExportSearch = async function* (pool, naming) {
  for (let position: string | undefined = ''; position !== undefined; ) {
    const { ids, next } = await findNamed(pool, naming, position)
    const { rows } = await pool.query<Row>(rowsOf, [ids])
    for (const { value, edits, ...row } of rows) {
      yield JSON.stringify({ ...row, value: textOf(value), edits: edits.map(textOf) })
    }
    position = next
  }
}

/** `value` and `edits` in base64. */
type Row = { id: string; topic: string; code: string; detail: string; state: string; recorded_at: Date } & {
  value: string | null
  edits: string[]
}

const rowsOf = `
  select id::text as id, topic, partition, message_offset, code, detail, state, recorded_at, erased_at,
         encode(message_value, 'base64') as value,
         array(select encode(edited_value, 'base64') from dead_letter_history
                where letter_id = l.id and edited_value is not null order by attempt) as edits
    from dead_letters l
   where id = any($1::bigint[])
   order by l.id`

function textOf(base64: string | null): string | null {
  return base64 === null ? null : Buffer.from(base64, 'base64').toString('utf8')
}
