/** The words of the page of events. */
export const eventTexts = {
  pause: 'Pause',
  resume: 'Go on',
  waiting: (events: string) => `${events} more: show`,
  types: 'Types of events',
  customer: 'Customer',
  none: 'No events yet',
  noneHint: 'Everything that happens to an order is told here as it happens.',
  noMatch: 'No event matches so far',
  noMatchHint: 'It is listened for; those that match come here as they happen.',
  clear: 'Clear all filters',
  older: 'Show older',
  searchOlder: 'Look further back',
  copy: 'Copy the event',
  lines: (lines: number) => (lines === 1 ? '1 line' : `${lines} lines`),
  by: (actor: string) => `by ${actor}`,
  list: 'Events, newest first',
} as const
