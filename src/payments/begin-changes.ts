import { command } from '../platform/round-trip.ts'

/**
 * Begins a transaction that changes payments. Every statement of it finds its rows by key. Of a table without statistics, which a young one
 * is, the planner would read all of it for a list of keys: at 20,000 payments that took a third of the database's time.
 */
export const beginChanges = [
  command('begin isolation level read committed'),
  command('set local enable_seqscan = off'),
] as const
