import type { CopyTransaction } from './copy.ts'
import type { OneConnection } from './postgres.ts'
import type { Connection, RoundTrip } from './round-trip.ts'

/** What the driver sends as one query, and can be sent before its turn. */
type Stage = RoundTrip | CopyTransaction

/**
 * Sends several queries in one round trip: each right behind the one before, before that is answered. What the server does of them it does in
 * their order. When one of them fails within a transaction block, those behind it have no effect; one that cannot be sent ends the pipeline.
 *
 * @param client is within a transaction block, and nothing else is sent by it meanwhile
 * @throws the first error of the database; the connection's when it is lost, and then it is not known whether the last one had its effect
 */
export async function inPipeline(client: OneConnection, stages: readonly Stage[]): Promise<void> {
  const begun: Promise<unknown>[] = []
  const begin = (index: number, connection?: Connection) => {
    const stage = stages[index]
    if (stage === undefined) return
    // An error is thrown below, in its turn.
    stage.done.catch(() => undefined)
    begun.push(stage.done)
    stage.onSent = sentBy => begin(index + 1, sentBy)
    // The driver has it wait for the answers to those before. It is sent already when its turn comes.
    client.query(stage as unknown as Parameters<typeof client.query>[0] & { submit: never })
    if (connection !== undefined) stage.submit(connection)
  }
  begin(0)
  const failures: unknown[] = []
  for (let index = 0; index < begun.length; index++) {
    await begun[index]?.catch(error => failures.push(error))
  }
  if (failures.length > 0) throw failures[0]
  if (begun.length < stages.length) throw new Error('a part of the transaction was answered before all of it was sent')
}
