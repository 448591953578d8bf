import { command, type Statement } from './round-trip.ts'

/** PostgreSQL takes messages of up to 8,000 bytes; a key has 64 at most. */
const notifiedAtATime = 120

/**
 * Notifies every instance on a channel, with the commit, of what has changed.
 *
 * @param keys each of up to 64 bytes and without spaces
 */
export function notifyingKeys(channel: string, keys: readonly string[]): Statement<undefined>[] {
  if (keys.length === 0) return []
  const messages: string[] = []
  for (let first = 0; first < keys.length; first += notifiedAtATime)
    messages.push(keys.slice(first, first + notifiedAtATime).join(' '))
  return [command('select pg_notify($1, message) from unnest($2::text[]) message', [channel, messages])]
}

/** The keys of a message. */
export function keysOf(message: string): string[] {
  return message.split(' ')
}
