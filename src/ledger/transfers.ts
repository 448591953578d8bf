import { type Copy, copyOf } from '../platform/copy.ts'
import type { PoolClient } from '../platform/postgres.ts'
import type { RowWriter } from '../platform/row-writer.ts'
import { accountsOf, type Transfer, transferKinds } from './transfer.ts'

/** The writing side of the ledger: transfers are booked in the transaction that moves the money. */

/** Some transfers are booked already, with another content: something is booked twice under one id. */
export class TransferConflictError extends Error {
  override readonly name = 'TransferConflictError'
}

const columns = [
  ['transfer_id', 'text'],
  ['kind', 'text'],
  ['debit', 'text'],
  ['credit', 'text'],
  ['currency', 'text'],
  ['amount', 'numeric'],
  ['order_uid', 'text'],
  ['payment_id', 'text'],
  ['operation_id', 'text'],
  ['orders', 'integer'],
  ['recorded_at', 'timestamptz'],
] as const
const names = columns.map(([name]) => name).join(', ')
const given = `unnest(${columns.map(([, type], index) => `$${index + 1}::${type}[]`).join(', ')}) as given (${names})`

const insert = `insert into ledger_transfers (${names}) select ${names} from ${given}`

/** Those that are not in the ledger as they are given. When they were recorded does not count: a repetition may be later. */
const differing = `
  select given.transfer_id
    from ${given}
   where not exists (
           select from ledger_transfers t
            where t.transfer_id = given.transfer_id
              and (t.kind, t.debit, t.credit, t.currency, t.amount, t.order_uid, t.payment_id, t.operation_id, t.orders)
                  is not distinct from
                  (given.kind, given.debit, given.credit, given.currency, given.amount, given.order_uid, given.payment_id,
                   given.operation_id, given.orders))
   limit 5`

/**
 * Books transfers, in a caller's transaction, by one statement. The caller's transaction should end with `notifyOfEvents`, so that
 * nothing is booked while the log is not at home.
 *
 * @param repeated what becomes of a transfer that is booked already: `refused` (the default), or `ignored` if it is the same
 * @throws DatabaseError 23505 for one that is booked already and refused; TransferConflictError when another is booked under its id
 */
export async function insertTransfers(
  client: PoolClient,
  transfers: readonly Transfer[],
  repeated: 'refused' | 'ignored' = 'refused',
): Promise<void> {
  if (transfers.length === 0) return
  const values = valuesOf(inOrder(transfers))
  if (repeated === 'refused') {
    await client.query(insert, values)
    return
  }
  const { rowCount } = await client.query(`${insert} on conflict (transfer_id) do nothing`, values)
  if (rowCount === transfers.length) return
  // A statement of its own sees what others have committed meanwhile.
  const { rows } = await client.query<{ transfer_id: string }>(differing, values)
  if (rows.length === 0) return
  throw new TransferConflictError(`booked already, and otherwise: ${rows.map(row => row.transfer_id).join(', ')}`)
}

/** Rows of new transfers, for a transaction that copies. */
export function copyOfTransfers(transfers: readonly Transfer[]): Copy {
  // Most transfers of a group move the same accounts.
  let last: (Pick<Transfer, 'kind' | 'provider'> & ReturnType<typeof accountsOf>) | undefined
  return copyOf('ledger_transfers', names, inOrder(transfers), (transfer, writer) => {
    const { kind, provider } = transfer
    if (last?.kind !== kind || last.provider !== provider) last = { kind, provider, ...accountsOf(transfer) }
    writeTransfer(transfer, last, writer)
  })
}

const kinds = Object.keys(transferKinds)

/** One order for all who book: by kind, so that a sale stands before its payment, and by id, so that two never wait for each other. */
function inOrder(transfers: readonly Transfer[]): Transfer[] {
  return transfers.toSorted(
    (a, b) =>
      (a.kind === b.kind ? 0 : kinds.indexOf(a.kind) - kinds.indexOf(b.kind)) ||
      (a.transferId < b.transferId ? -1 : a.transferId > b.transferId ? 1 : 0),
  )
}

function valuesOf(transfers: readonly Transfer[]): unknown[][] {
  const rows = transfers.map(transfer => {
    const { debit, credit } = accountsOf(transfer)
    return [
      transfer.transferId,
      transfer.kind,
      debit,
      credit,
      transfer.currency,
      String(transfer.amount),
      transfer.orderUid ?? null,
      transfer.paymentId ?? null,
      transfer.operationId ?? null,
      transfer.orders ?? null,
      transfer.recordedAt,
    ]
  })
  return columns.map((_, column) => rows.map(row => row[column]))
}

function writeTransfer(transfer: Transfer, { debit, credit }: ReturnType<typeof accountsOf>, writer: RowWriter): void {
  writer.row(columns.length)
  writer.text(transfer.transferId)
  writer.text(transfer.kind)
  writer.text(debit)
  writer.text(credit)
  writer.text(transfer.currency)
  writer.numeric(transfer.amount)
  writeText(transfer.orderUid, writer)
  writeText(transfer.paymentId, writer)
  writeText(transfer.operationId, writer)
  if (transfer.orders === undefined) writer.null()
  else writer.integer(transfer.orders)
  writer.timestamp(transfer.recordedAt.getTime())
}

function writeText(text: string | undefined, writer: RowWriter): void {
  if (text === undefined) writer.null()
  else writer.text(text)
}
