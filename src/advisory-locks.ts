/**
 * The numbers of the service's advisory locks. PostgreSQL knows them by number only and for the whole database, so they stand in
 * one place: `test/tidy.test.ts` proves that no two are the same and that no lock is taken by another number.
 *
 * A lock keeps its number for ever: instances of two versions run side by side during an upgrade.
 */
export const advisoryLocks = {
  /** Migrations, one instance at a time. */
  migrations: 7_306_291,
  /** The leader that publishes the log to Kafka. */
  relay: 7_306_292,
  /** The leader that delivers webhooks. */
  webhookDelivery: 7_306_293,
  /** Steps of partition maintenance. */
  partitionMaintenance: 7_306_294,
  /** Counting the subscriptions before one is added. */
  webhookCount: 7_306_296,
  /** Taken by the function `settle_log` (migrations/0019_log_home.sql). */
  logHome: 7_306_298,
  /** Filling the demo catalogue, one instance at a time. */
  demoCatalogue: 7_306_299,
  /** Held by the process that runs the embedded PostgreSQL, as long as it does. */
  embeddedPostgresOwner: 7_305_816_442,
} as const

/** The first number of locks that have two, which share no number with the others; the second is a hash. */
export const advisoryLockSpaces = {
  /** An order, by the hash of its uid. */
  orders: 1,
  /** Items, by the hash of their `chrt_id`. */
  items: 2,
  /** A cart, by the hash of its id. */
  carts: 3,
  /** What orders use up: a discount code, or what a customer may have of an item, by its hash. */
  limits: 4,
  /** Parcels, by 8 bits of the hash of their number: shared by those that lock numbers one by one, exclusive for thousands at once. */
  parcels: 5,
  /** The erasure of a customer, by the hash of its id. */
  erasures: 8,
  /** Parcels one by one, by the hash of their number. */
  parcelNumbers: 9,
} as const
