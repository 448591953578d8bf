import { replaceMember } from '../platform/json-member.ts'
import type { LoggedEvent } from './event-rows.ts'
import type { EventLog } from './stream-definition.ts'

/** Events as Kafka and webhooks carry them: with recipients or, as EVENTS_RECIPIENT says, without. */

type About = Pick<LoggedEvent, 'streamType' | 'type'>

/** @returns the event itself where it is carried as it is */
export function carried(log: EventLog, event: LoggedEvent): LoggedEvent {
  const conceal = concealing(log, event)
  return conceal === undefined ? event : { ...event, data: conceal(event.data) }
}

/** The same of an event as JSON (`encodeEvent`), in bytes. */
export function carriedJson(log: EventLog, event: About, json: Uint8Array): Uint8Array {
  const conceal = concealing(log, event)
  if (conceal === undefined) return json
  const concealed = replaceMember(new TextDecoder().decode(json), 'data', conceal)
  if (concealed === undefined) throw new Error('an event without data cannot be sent')
  return new TextEncoder().encode(concealed)
}

/** How the data of an event lose their recipient; undefined where they have none, or carry it. */
function concealing({ streams, omitsRecipients }: EventLog, { streamType, type }: About) {
  if (omitsRecipients !== true) return undefined
  const stream = streams.find(described => described.type === streamType)
  return stream?.documentIn === type ? stream.withoutRecipient : undefined
}
