import type { Checkpoint } from './checkpoint.ts'
import type { LoggedEvent } from './event-rows.ts'
import { readLog, readLogBack } from './log.ts'
import { type Direction, searchLog, type Wanted, wantsAll } from './log-search.ts'
import type { EventLog } from './stream-definition.ts'

/** Events, and the checkpoint where the next page begins; undefined on the last page. */
export type EventsPage = { events: LoggedEvent[]; next: Checkpoint | undefined }

/**
 * Reads a page of the log, filtered or whole. The events examined for it are bounded, so it may have fewer events than asked for, or none,
 * and still not be the last.
 *
 * @param from the checkpoint behind which the page begins: after it, or before it where `direction` is back
 */
export async function readPage(
  log: EventLog,
  from: Checkpoint,
  wanted: Wanted,
  limit: number,
  direction: Direction,
): Promise<EventsPage> {
  if (!wantsAll(wanted)) return searchLog(log, from, wanted, limit, direction)
  const { events, isAll } = await (direction === 'forward' ? readLog : readLogBack)(log, from, limit)
  return { events, next: isAll ? undefined : events.at(-1)?.checkpoint }
}
