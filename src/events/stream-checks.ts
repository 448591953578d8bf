import type { Check } from '../platform/integrity.ts'
import { eventsOf } from './event-sql.ts'
import type { StreamDefinition } from './stream-definition.ts'

/**
 * What must hold of the events of every stream of a type; the module that it belongs to lists these with its own.
 *
 * @returns checks that select ids of streams
 */
export function streamChecks({ type, heads }: StreamDefinition): Check[] {
  const events = eventsOf(type, 'stream_id')
  return [
    {
      name: 'event-streams',
      sentence: `an event of a stream of type ${type} is of one that is there`,
      sql: `select e.stream_id
              from ${events} e
             where not exists (select from (${heads}) h where h.stream_id = e.stream_id)`,
    },
    {
      name: 'event-sequence',
      // Where the old part of the log was dropped, a stream's events begin later, or have all been in that part.
      sentence: `the events of a stream of type ${type} are numbered from the first that is kept to its version, without a gap`,
      sql: `select h.stream_id
              from (${heads}) h
              left join (select stream_id, count(*) as events, min(sequence) as first, max(sequence) as last
                           from ${events} e group by stream_id) e using (stream_id)
              left join event_log_start s on true
             where case when e.events is null then s.recorded_before is null or h.updated_at >= s.recorded_before
                        else e.last <> h.version or e.events <> e.last - e.first + 1 or (e.first > 1 and s.recorded_before is null)
                   end`,
    },
    {
      name: 'event-order',
      sentence: `the log has the events of a stream of type ${type} in their order`,
      sql: `select stream_id
              from (select stream_id, sequence,
                           lag(sequence) over (partition by stream_id order by xid, position) as previous
                      from ${events} e) e
             where sequence <= previous`,
    },
  ]
}
