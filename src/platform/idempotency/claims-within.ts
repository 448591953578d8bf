import { type Copy, copyOf } from '../copy.ts'
import { command, type Statement } from '../round-trip.ts'
import { type AnswerRow, type Claim, type Holding, leaseMs, toAnswer } from './queries.ts'

/**
 * Claims of keys in the transaction of what is done under them: both are committed, or neither. The transaction has a lock that all
 * requests with one of these keys need, so that it may read the keys and claim them afterwards.
 */

/** What a transaction may do with a key: claim it, take over a claim of the same request that is over, or nothing. */
export type KeyState = Readonly<{ kind: 'free' }> | Readonly<{ kind: 'over' }> | Exclude<Holding, { kind: 'ours' }>

/** The states of claims, by their ids. */
export type KeyStates = ReadonlyMap<string, KeyState>

/** A row of the function `read_idempotency_keys`. A claim without an answer has no status. */
type KeyRow = Readonly<{ place: number; fingerprint: Buffer } & ({ is_over: boolean; status: null } | AnswerRow)>

/** The statement that reads what others have done with keys. @param claims each of another key */
export function readingKeys(claims: readonly Claim[]): Statement<KeyStates> {
  return {
    text: 'select * from read_idempotency_keys($1, $2)',
    values: [claims.map(({ scope }) => scope), claims.map(({ key }) => key)],
    read({ rows }: { rows: readonly KeyRow[] }) {
      const states = new Map<string, KeyState>(claims.map(({ id }) => [id, { kind: 'free' }]))
      for (const row of rows) {
        const claim = claims[row.place - 1]
        if (claim !== undefined) states.set(claim.id, stateOf(row, claim))
      }
      return states
    },
  }
}

function stateOf(row: KeyRow, { fingerprint: own }: Claim): KeyState {
  const { fingerprint } = row
  if (row.status !== null) return { kind: 'answered', fingerprint, answer: toAnswer(row) }
  return row.is_over && fingerprint.equals(own) ? { kind: 'over' } : { kind: 'held', fingerprint }
}

/** The rows of claims of free keys. One that another has claimed meanwhile causes a unique violation. */
export function copyOfClaims(claims: readonly Claim[], nowMs: number): Copy {
  const columns = 'scope, key, fingerprint, claim, claimed_until'
  return copyOf('idempotency_claims', columns, claims, ({ scope, key, fingerprint, id }, writer) => {
    writer.row(5)
    writer.bytes(scope)
    writer.text(key)
    writer.bytes(fingerprint)
    writer.bytes(Buffer.from(id.replaceAll('-', ''), 'hex'))
    writer.timestamp(nowMs + leaseMs)
  })
}

/** Takes over claims that are over. */
export function takingOver(claims: readonly Claim[]): readonly Statement<undefined>[] {
  if (claims.length === 0) return []
  return [
    command(
      `update idempotency_claims held
          set claim = w.asked, claimed_until = now() + $4 * interval '1 millisecond'
         from unnest($1::bytea[], $2::text[], $3::uuid[]) w (scope, key, asked)
        where held.scope = w.scope and held.key = w.key`,
      [claims.map(({ scope }) => scope), claims.map(({ key }) => key), claims.map(({ id }) => id), leaseMs],
    ),
  ]
}
