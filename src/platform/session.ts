import type { ClientBase, QueryConfig } from 'pg'

/** The timeouts of a session, in milliseconds; 0: none. */
export type SessionTimeouts = { statementMs: number; lockMs: number; idleInTransactionMs: number }

/**
 * The settings that the code relies on, whatever the defaults of the server, the database or the role: `alter database … set` is often
 * used for other programs. First the formats of values, then transactions and their timeouts.
 *
 * `search_path` and `default_transaction_read_only` are left alone on purpose: the first says where the tables are, and with the second
 * an operator fences a database off.
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
  // A host that is gone sends nothing: without these its sessions keep their locks for two hours.
  tcp_keepalives_idle: '5',
  tcp_keepalives_interval: '3',
  tcp_keepalives_count: '3',
  tcp_user_timeout: '15000',
} as const

/**
 * Settings that the server does not know are skipped. An acknowledged order must be on disk, so `synchronous_commit = off` is
 * overridden; its other values are safe, and the operator's choice.
 */
const settle = `
  select set_config(name, value, false)
    from unnest($1::text[], $2::text[]) as wanted (name, value)
   where current_setting(name, true) <> value
   union all
  select set_config('synchronous_commit', 'on', false)
   where current_setting('synchronous_commit') = 'off'`

/** It is part of connecting, which a server that hangs must not delay. */
const settleDeadlineMs = 5_000

/**
 * Makes a new session independent of the defaults of its server. By a statement, since PgBouncer refuses connections with settings in
 * the startup packet.
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
