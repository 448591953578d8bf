import { type Copy, CopyTransaction } from './copy.ts'
import { inPipeline } from './pipeline.ts'
import type { OneConnection } from './postgres.ts'
import { RoundTrip, type Statement } from './round-trip.ts'

/**
 * Runs statements and writes rows behind them, as `copyInto` does, in one round trip: both are sent before the first answer. When a
 * statement fails, its transaction block is aborted, so that neither rows nor `last` have any effect.
 *
 * @param client is within a transaction block, and nothing else is sent by it meanwhile
 * @param statements nobody reads their answers
 * @param closing statements that run behind the rows, before `last`
 * @throws the first error of the database; the connection's when it is lost, and then it is not known whether the rows are there
 */
export function copyBehind(
  client: OneConnection,
  statements: readonly Statement<undefined>[],
  copies: readonly Copy[],
  last: string,
  closing: readonly Statement<undefined>[] = [],
): Promise<void> {
  const inTurn = (of: readonly Statement<undefined>[]) => (of.length === 0 ? [] : [new RoundTrip(of)])
  if (closing.length === 0) return inPipeline(client, [...inTurn(statements), new CopyTransaction(copies, last)])
  const rows = copies.length === 0 ? [] : [new CopyTransaction(copies, '')]
  return inPipeline(client, [...inTurn(statements), ...rows, ...inTurn(closing), new CopyTransaction([], last)])
}
