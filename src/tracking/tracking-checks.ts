import { type Check, type CheckResult, examplesMax, type Inspection, type Rule } from '../platform/integrity.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { inOneRoundTrip } from '../platform/round-trip.ts'
import { type Checkpoint, erasedText, keyOf } from './checkpoint.ts'
import { isRightDigest } from './list-digest.ts'
import { afterSilence, isSameState, type Parcel, parcelKey } from './parcel.ts'
import { readingCheckpoints, readParcelsAfter } from './parcel-queries.ts'
import { stateOf } from './parcel-state.ts'
import { trackingSilentDays } from './variables.ts'

/** What must hold of parcels. */

/** How long a parcel may wait for the worker. */
const overdueToleranceMs = 3_600_000

export const trackingChecks: readonly Check[] = [
  {
    name: 'parcel-parts',
    sentence:
      'checkpoints and shipments belong to parcels that are there, and a parcel has the checkpoints that it counts',
    sql: `select p.number || ' ' || p.carrier from parcels p
            left join (select number, carrier, count(*) as checkpoints from parcel_checkpoints group by number, carrier) c using (number, carrier)
           where p.checkpoints <> coalesce(c.checkpoints, 0)
           union all
          select 'a checkpoint of ' || c.number || ' ' || c.carrier
            from (select distinct number, carrier from parcel_checkpoints) c left join parcels p using (number, carrier) where p.number is null
           union all
          select 'a shipment of ' || s.number || ' ' || s.carrier
            from parcel_shipments s left join parcels p using (number, carrier) where p.number is null`,
  },
  {
    name: 'parcel-waiting',
    sentence:
      'a parcel is of a shipment when it says so, and waits for news unless it has arrived, was cancelled or has waited for too long',
    sql: `select p.number || ' ' || p.carrier from parcels p
           where (p.shipped_since is not null)
                 <> exists (select from parcel_shipments s where s.number = p.number and s.carrier = p.carrier)
              or (p.waiting_since is not null) <> (p.shipped_since is not null and p.silent_at is null
                                                   and p.status not in ('delivered', 'cancelled'))
              or p.updated_at < p.created_at or p.waiting_since > p.updated_at
              or p.waiting_since <= p.updated_at - interval '1 day' or p.silent_at > p.updated_at`,
  },
  {
    name: 'parcels-overdue',
    sentence: 'no parcel waits for news longer than TRACKING_SILENT_DAYS',
    sql: 'select number from parcels where waiting_since < $1::timestamptz and updated_at < $1::timestamptz',
    values: ({ value, nowMs }) => [
      new Date(nowMs - value(trackingSilentDays) * 86_400_000 - overdueToleranceMs).toISOString(),
    ],
    audited: 'all',
  },
]

const rule: Rule = {
  name: 'parcel-state',
  sentence:
    'the state of a parcel is what its checkpoints say, its digest is of them, and each checkpoint has its own key',
}

/** How many parcels are compared at a time, and by the audit. */
const parcelsMax = 1_000
const auditedMax = 200

/** Derives the state of each parcel again. */
const stateInspection: Inspection = {
  rules: [rule],
  async run(pool, { deadlineMs, newest, onProgress }) {
    const result: CheckResult = { invariant: rule.name, says: rule.sentence, broken: 0, examples: [] }
    const client = await pool.connect()
    let compared = 0
    try {
      await client.query(`begin isolation level repeatable read read only; set local statement_timeout = ${deadlineMs}`)
      for (let last: Parcel | undefined; ; ) {
        const parcels = await readParcelsAfter(client, last, newest ? auditedMax : parcelsMax, newest)
        await compareParcels(client, parcels, result)
        compared += parcels.length
        onProgress?.(`${compared.toLocaleString('en')} parcels compared with their checkpoints`)
        last = parcels.at(-1)
        if (newest || parcels.length < parcelsMax) break
      }
      await client.query('commit')
      client.release()
      return { results: [result], remark: `${compared.toLocaleString('en')} parcels` }
    } catch (error) {
      client.release(true)
      throw error
    }
  },
}

export const trackingInspections: readonly Inspection[] = [stateInspection]

async function compareParcels(client: PoolClient, parcels: readonly Parcel[], result: CheckResult): Promise<void> {
  if (parcels.length === 0) return
  const [checkpoints] = await inOneRoundTrip(client, [readingCheckpoints(parcels.map(({ number }) => number))])
  for (const parcel of parcels) {
    if (isRight(parcel, checkpoints.get(parcelKey(parcel)) ?? [])) continue
    result.broken += 1
    if (result.examples.length < examplesMax) result.examples.push(parcelKey(parcel))
  }
}

function isRight(parcel: Parcel, checkpoints: readonly Checkpoint[]): boolean {
  const derived = { ...parcel, state: stateOf(checkpoints, parcel) }
  const { silentAtMs } = parcel
  const { state } = silentAtMs === undefined ? derived : afterSilence(derived, silentAtMs)
  return isSameState(state, parcel.state) && checkpoints.every(hasItsKey) && isRightDigest(parcel, checkpoints)
}

function hasItsKey(checkpoint: Checkpoint): boolean {
  return checkpoint.text === erasedText || checkpoint.key === keyOf(checkpoint)
}
