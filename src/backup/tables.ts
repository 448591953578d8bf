/**
 * What an export is made of. Every table of the schema is in one of these two lists: a test asks the database for its tables.
 */

/** Tables whose rows are exported, those that others refer to before them; `order` makes two exports of one state the same. */
export const exported = [
  { name: 'orders', order: 'order_uid' },
  { name: 'order_items', order: 'order_uid, line' },
  { name: 'order_transitions', order: 'order_uid, version' },
  { name: 'order_command_receipts', order: 'order_uid, command_id' },
  { name: 'events', order: 'xid, position' },
  { name: 'event_log_start', order: 'only_row' },
  { name: 'log_readers', order: 'name' },
  { name: 'order_tallies', order: 'bucket, currency, orders, amount' },
  { name: 'dead_letters', order: 'id' },
  { name: 'dead_letter_history', order: 'letter_id, attempt' },
  { name: 'webhooks', order: 'id' },
  { name: 'webhook_parked', order: 'webhook_id, order_uid, sequence' },
  { name: 'webhook_deliveries', order: 'id' },
  { name: 'api_keys', order: 'id' },
  { name: 'idempotency_answers', order: 'scope, key' },
] as const

/** Tables that are not exported, and why they need not be. */
export const leftOut: Readonly<Record<string, string>> = {
  schema_migrations: 'an import applies the migrations, and so writes it itself',
  event_seals: 'says which partitions of the log take no more events, and an import has partitions of its own',
  dead_letter_counts: 'the database counts the letters as they come in',
  write_trials: 'what readiness writes to see whether it can; nobody reads it',
  message_tries: 'which messages of Kafka are being handled just now; after a restore none is',
  idempotency_claims: 'who works on a request just now; after a restore nobody does',
}
