import type { Module } from '../module.ts'
import { eventChannels, eventDataSchemas, publishedEvents } from './channels.ts'
import { logChecks } from './log-checks.ts'
import { eventsTopic, retentionDays } from './variables.ts'

/** The log of everything that has happened, and the ways out of it. */
export const eventsModule: Module = {
  name: 'events',
  title: 'Events',
  tables: [
    { name: 'events', order: 'xid, position' },
    { name: 'event_log_start', order: 'only_row' },
    { name: 'log_readers', order: 'name' },
    {
      name: 'event_seals',
      leftOut: 'says which partitions of the log take no more events, and an import has partitions of its own',
    },
  ],
  variables: [retentionDays],
  topics: [
    {
      name: 'events out',
      variable: eventsTopic,
      direction: 'out',
      channel: (address, { events }) => publishedEvents(events, address),
    },
  ],
  checks: logChecks,
  tags: { events: 'What has happened, in pages or live' },
  messageSchemas: ({ events }) => eventDataSchemas(events),
  channels: ({ events }) => eventChannels(events),
}
