import { type Copy, CopyTransaction, copyInto } from './copy.ts'
import type { PoolClient } from './postgres.ts'
import { RoundTrip, type Statement } from './round-trip.ts'

/**
 * Runs statements and writes rows behind them, as `copyInto` does, in one round trip: both are sent before the first answer. When a
 * statement fails, its transaction block is aborted, so that neither rows nor `last` have any effect.
 *
 * @param client is within a transaction block, and nothing else is sent by it meanwhile
 * @param statements nobody reads their answers
 * @throws the first error of the database; the connection's when it is lost, and then it is not known whether the rows are there
 */
export async function copyBehind(
  client: Pick<PoolClient, 'query'>,
  statements: readonly Statement<undefined>[],
  copies: readonly Copy[],
  last: string,
): Promise<void> {
  if (statements.length === 0) return copyInto(client, copies, last)
  const rows = new CopyTransaction(copies, last)
  const trip = new RoundTrip(statements, connection => rows.submit(connection))
  send(client, trip)
  // A value that cannot be sent, or a client that is busy after all.
  if (!rows.isSent) await trip.done
  send(client, rows)
  const outcomes = await Promise.allSettled([trip.done, rows.done])
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}

function send(client: Pick<PoolClient, 'query'>, query: RoundTrip | CopyTransaction): void {
  client.query(query as unknown as Parameters<typeof client.query>[0] & { submit: never })
}
