import type { Check } from '../platform/integrity.ts'
import { attemptsMax } from './attempts.ts'

/** What must hold of dead letters. */
export const deadLetterChecks: readonly Check[] = [
  {
    name: 'dead-letter-bytes',
    sentence: 'the bytes of a dead letter are those that were recorded, unless they were erased',
    sql: `select 'dead letter ' || id
            from dead_letters
           where case when erased_at is null then digest <> sha256(coalesce(message_value, ''))
                      else message_value is not null or state = 'open' end`,
  },
  {
    name: 'dead-letter-counts',
    sentence: 'dead letters are counted by topic, reason and state',
    sql: `select 'those of ' || topic || ' with ' || code || ' that are ' || state
            from (select topic, code, state, count(*) as letters from dead_letters group by 1, 2, 3) l
            full join (select * from dead_letter_counts where letters <> 0) c using (topic, code, state)
           where l.letters is distinct from c.letters`,
  },
  {
    name: 'dead-letter-state',
    sentence: 'the state of a dead letter is what its last attempt led to, and its latest attempts are kept',
    sql: `select 'dead letter ' || coalesce(l.id, h.letter_id)
            from dead_letters l
            full join (select letter_id, count(*) as kept, max(attempt) as last,
                              max(attempt) filter (where is_edited) as edited
                         from dead_letter_history group by letter_id) h on h.letter_id = l.id
            left join dead_letter_history last on last.letter_id = l.id and last.attempt = l.attempts
            left join dead_letter_history edited on edited.letter_id = l.id and edited.attempt = h.edited
           where l.id is null
              or l.attempts <> coalesce(h.last, 0)
              or least(l.attempts, ${attemptsMax}) <> coalesce(h.kept, 0)
              or l.state <> case when last.outcome is null or last.outcome = 'refused' then 'open'
                                 when last.outcome = 'discarded' then 'discarded'
                                 else 'replayed' end
              or (h.edited is not null and edited.edited_value is null)`,
  },
  {
    name: 'dead-letter-replays',
    sentence: 'what a dead letter was replayed as is there',
    sql: `select 'dead letter ' || letter_id
            from dead_letter_history h
           where h.order_uid is not null and not exists (select from orders o where o.order_uid = h.order_uid)`,
  },
]
