import type { ClientBase, QueryConfig } from 'pg'

/** How long a session lets the server work, in milliseconds; 0: for ever. */
export type SessionTimeouts = { statementMs: number; lockMs: number; idleInTransactionMs: number }

/**
 * What the code relies on, whatever the server, the database or the role has as its default: `alter database … set` is a
 * common way to please another program. How values are written and read comes first, then what a transaction is and how long
 * one may last.
 *
 * `search_path` and `default_transaction_read_only` are not here, on purpose: the first says where the tables are, and the
 * second is how an operator fences a database off, so both are heeded.
 */
const fixed = {
  DateStyle: 'ISO, MDY',
  TimeZone: 'UTC',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  array_nulls: 'on',
  standard_conforming_strings: 'on',
  quote_all_identifiers: 'off',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  idle_session_timeout: '0',
  transaction_timeout: '0',
  // A host that is gone says nothing: without these its sessions keep their locks for two hours.
  tcp_keepalives_idle: '5',
  tcp_keepalives_interval: '3',
  tcp_keepalives_count: '3',
  tcp_user_timeout: '15000',
} as const

/**
 * A setting that this server does not know yet is left out. An acknowledged order is on the disk, so `synchronous_commit = off`
 * is not accepted; any other value of it is an operator's choice among safe ones.
 */
const settle = `
  select set_config(name, value, false)
    from unnest($1::text[], $2::text[]) as wanted (name, value)
   where current_setting(name, true) <> value
   union all
  select set_config('synchronous_commit', 'on', false)
   where current_setting('synchronous_commit') = 'off'`

/** It is part of connecting, and a server that hangs must not make that longer. */
const settleDeadlineMs = 5_000

/**
 * Makes a new session independent of the defaults of its server. By a statement and not in the startup packet: PgBouncer refuses
 * a connection that brings settings there.
 *
 * @throws the connection's error
 */
export async function settleSession(client: ClientBase, timeouts: SessionTimeouts): Promise<void> {
  const wanted = {
    ...fixed,
    statement_timeout: inUnits(timeouts.statementMs),
    lock_timeout: inUnits(timeouts.lockMs),
    idle_in_transaction_session_timeout: inUnits(timeouts.idleInTransactionMs),
  }
  const query: QueryConfig & { query_timeout: number } = {
    text: settle,
    values: [Object.keys(wanted), Object.values(wanted)],
    query_timeout: settleDeadlineMs,
  }
  await client.query(query)
}

function inUnits(ms: number): string {
  return `${Math.round(ms)}ms`
}
