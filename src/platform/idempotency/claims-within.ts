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

type KeyRow = Readonly<{ asked: string; fingerprint: Buffer } & ({ is_over: boolean; status: null } | AnswerRow)>

const readKeys = `
  with wanted as (
    select * from unnest($1::bytea[], $2::text[], $3::uuid[]) w (scope, key, asked)
  )
  select asked, fingerprint, claimed_until < now() as is_over, null as status, null as headers, null as body
    from wanted join idempotency_claims using (scope, key)
   union all
  select asked, fingerprint, null, status, headers, body from wanted join idempotency_answers using (scope, key)`

/** The statement that reads what others have done with keys. @param claims each of another key */
export function readingKeys(claims: readonly Claim[]): Statement<KeyStates> {
  return {
    text: readKeys,
    values: [claims.map(({ scope }) => scope), claims.map(({ key }) => key), claims.map(({ id }) => id)],
    read({ rows }: { rows: readonly KeyRow[] }) {
      const states = new Map<string, KeyState>(claims.map(({ id }) => [id, { kind: 'free' }]))
      const fingerprints = new Map(claims.map(({ id, fingerprint }) => [id, fingerprint]))
      for (const row of rows) {
        // A key that was answered has its claim too.
        if (states.get(row.asked)?.kind === 'answered') continue
        states.set(row.asked, stateOf(row, fingerprints.get(row.asked)))
      }
      return states
    },
  }
}

function stateOf(row: KeyRow, own: Buffer | undefined): KeyState {
  const { fingerprint } = row
  if (row.status !== null) return { kind: 'answered', fingerprint, answer: toAnswer(row) }
  return row.is_over && own !== undefined && fingerprint.equals(own) ? { kind: 'over' } : { kind: 'held', fingerprint }
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
