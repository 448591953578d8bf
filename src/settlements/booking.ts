import type { Client } from 'pg'
import { notifyOfEvents } from '../events/append.ts'
import type { Transfer } from '../ledger/transfer.ts'
import { bookedTransfers } from '../ledger/transfer-sql.ts'
import { copyOfTransfers, insertTransfers } from '../ledger/transfers.ts'
import { paymentRows } from '../payments/payment-sql.ts'
import { copyInto } from '../platform/copy.ts'
import { inTransaction, type Pool, violatedKey, withConnection } from '../platform/postgres.ts'
import {
  allLines,
  feeAmount,
  isOfSettlements,
  otherLines,
  payoutAmount,
  payoutSums,
  plainLines,
  restFound,
  transferId,
} from './comparison-sql.ts'
import { eachPage } from './pages.ts'

/** A transaction is short, so that the readers of the event log need not wait for it. */
const batchTransfers = 5_000
/** After this many the garbage is collected, as while the file is read. */
const collectTransfers = 8 * batchTransfers

type ToBook = {
  transfer_id: string
  what: 'fee' | 'payout'
  currency: string
  amount: string
  order_uid: string | null
  payment_id: string | null
}

/**
 * Fees and payouts of the file that are not in the books, with the payment that they are of. What is booked otherwise is left to a person.
 * $2 is as for `readPayouts`, $3 whether there are fees to book.
 */
const unbooked = `
  with ${restFound},
  bookable as (
    select ${transferId('l.line_id', 'fee')} as transfer_id, 'fee' as what, l.net_currency as currency, ${feeAmount} as amount,
           p.order_uid, p.payment_id
      from ${plainLines} l left join ${paymentRows} p on p.provider = $1 and p.provider_ref = l.payment_ref
     where $3
     union all
    select ${transferId('l.line_id', 'fee')}, 'fee', l.net_currency, ${feeAmount}, f.order_uid, f.payment_id
      from ${otherLines} l left join found f using (row) where $3 and not l.is_repeated
     union all
    select ${transferId('l.line_id', 'payout')}, 'payout', l.net_currency, ${payoutAmount}, null, null
      from ${allLines} l where l.kind = 'payout' and not l.is_repeated
     union all
    select ${transferId('s.payout', 'payout')}, 'payout', min(s.currency), sum(s.lines_net), null, null
      from ${payoutSums} s where $2
     group by s.payout having count(s.payout_net) = 0 and count(*) = 1
  )
  select transfer_id, what, currency, amount::text, order_uid, payment_id
    from bookable n
   where n.amount <> 0
     and not exists (select from ${bookedTransfers} b where b.transfer_id = n.transfer_id and ${isOfSettlements('b')})`

export type Booked = { fees: number; payouts: number }

/**
 * Books fees and payouts that are not booked yet. Each has the id of its line, so a repetition books nothing, and so does another
 * instance at the same time.
 *
 * @param client the session with the lines
 * @param pool for the transactions that book, two at a time
 * @param options derives: as for `readPayouts`; hasFees: whether any fee is not booked; recordedAt: the time that the transfers get
 * @returns how many were booked
 * @throws TransferConflictError when another instance books the same line otherwise at the same time
 */
export async function bookSettlements(
  client: Client,
  pool: Pool,
  options: {
    provider: string
    derives: boolean
    hasFees: boolean
    recordedAt: Date
    onBooked: (transfers: number) => void
  },
): Promise<Booked> {
  const { provider, derives, hasFees, recordedAt, onBooked } = options
  const booked: Booked = { fees: 0, payouts: 0 }
  let [older, newer] = [Promise.resolve(), Promise.resolve()]
  const book = async (rows: readonly ToBook[]) => {
    await write(
      pool,
      rows.map(row => toTransfer(row, provider, recordedAt)),
    )
    for (const { what } of rows) booked[what === 'fee' ? 'fees' : 'payouts'] += 1
    const count = booked.fees + booked.payouts
    if (count % collectTransfers < rows.length) Bun.gc(true)
    onBooked(count)
  }
  try {
    await eachPage<ToBook>(client, unbooked, [provider, derives, hasFees], batchTransfers, async rows => {
      await older
      older = newer
      newer = book(rows)
    })
  } finally {
    await Promise.allSettled([older, newer])
  }
  await Promise.all([older, newer])
  return booked
}

/** Books transfers in a transaction. They are copied, which takes half as long, unless another run has booked some of them meanwhile. */
async function write(pool: Pool, transfers: readonly Transfer[]): Promise<void> {
  try {
    await withConnection(pool, writing => copyInto(writing, [copyOfTransfers(transfers)], notifyOfEvents))
  } catch (error) {
    if (violatedKey(error) === undefined) throw error
    await inTransaction(pool, async writing => {
      await insertTransfers(writing, transfers, 'ignored')
      await writing.query(notifyOfEvents)
    })
  }
}

function toTransfer(row: ToBook, provider: string, recordedAt: Date): Transfer {
  const isReversed = row.amount.startsWith('-')
  const digits = isReversed ? row.amount.slice(1) : row.amount
  const amount = Number(digits)
  return {
    transferId: row.transfer_id,
    kind: isReversed ? `${row.what}_reversal` : row.what,
    provider,
    currency: row.currency,
    amount: Number.isSafeInteger(amount) ? amount : BigInt(digits),
    orderUid: row.order_uid ?? undefined,
    paymentId: row.payment_id ?? undefined,
    operationId: undefined,
    orders: undefined,
    recordedAt,
  }
}
