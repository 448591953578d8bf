import type { Client } from 'pg'
import { notifyOfEvents } from '../events/append.ts'
import type { Transfer, TransferKind } from '../ledger/transfer.ts'
import { bookedTransfers } from '../ledger/transfer-sql.ts'
import { insertTransfers } from '../ledger/transfers.ts'
import { inTransaction, type Pool } from '../platform/postgres.ts'
import { feeAmount, payoutAmount, repeatedLines, transferId } from './comparison-sql.ts'
import { eachPage } from './pages.ts'

/** A transaction is short, so that the readers of the event log need not wait for it. */
const batchTransfers = 1_000

type ToBook = { transfer_id: string; what: 'fee' | 'payout'; currency: string; amount: string }

/** Fees and payouts of the file that are not in the books. What is booked otherwise is left to a person. */
const unbooked = `
  with ${repeatedLines},
  bookable as (
    select ${transferId('l.line_id', 'fee')} as transfer_id, 'fee' as what, l.net_currency as currency, ${feeAmount} as amount
      from lines l where not l.is_repeated
     union all
    select ${transferId('l.line_id', 'payout')}, 'payout', l.net_currency, ${payoutAmount}
      from lines l where l.kind = 'payout' and not l.is_repeated
     union all
    select ${transferId('l.payout', 'payout')}, 'payout', min(l.net_currency), sum(l.net)
      from lines l where $2 and l.payout is not null and not l.is_repeated
     group by l.payout having count(*) filter (where l.kind = 'payout') = 0 and count(distinct l.net_currency) = 1
  )
  select transfer_id, what, currency, amount::text
    from bookable n
   where amount <> 0 and not exists (select from ${bookedTransfers} b where b.transfer_id = n.transfer_id)`

export type Booked = { fees: number; payouts: number }

/**
 * Books fees and payouts that are not booked yet. Each has the id of its line, so a repetition books nothing, and so does another
 * instance at the same time.
 *
 * @param client the session with the lines
 * @param pool for the transactions that book
 * @param options derives: as for `readPayouts`; recordedAt: the time that the transfers get
 * @returns how many were booked
 * @throws TransferConflictError when another instance books the same line otherwise at the same time
 */
export async function bookSettlements(
  client: Client,
  pool: Pool,
  options: { provider: string; derives: boolean; recordedAt: Date; onBooked: (transfers: number) => void },
): Promise<Booked> {
  const { provider, derives, recordedAt, onBooked } = options
  const booked: Booked = { fees: 0, payouts: 0 }
  await eachPage<ToBook>(client, unbooked, [provider, derives], batchTransfers, async rows => {
    const transfers = rows.map(row => toTransfer(row, provider, recordedAt))
    await inTransaction(pool, async writing => {
      await insertTransfers(writing, transfers, 'ignored')
      await writing.query(notifyOfEvents)
    })
    for (const { what } of rows) booked[what === 'fee' ? 'fees' : 'payouts'] += 1
    onBooked(booked.fees + booked.payouts)
  })
  return booked
}

function toTransfer({ transfer_id, what, currency, amount }: ToBook, provider: string, recordedAt: Date): Transfer {
  const signed = BigInt(amount)
  const kind: TransferKind = signed > 0n ? what : `${what}_reversal`
  return {
    transferId: transfer_id,
    ...{ kind, provider, currency, recordedAt },
    amount: signed > 0n ? signed : -signed,
    ...{ orderUid: undefined, paymentId: undefined, operationId: undefined, orders: undefined },
  }
}
