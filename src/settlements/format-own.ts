import { shortened, toMinor } from './amount.ts'
import { cell, columnsOf, firstOf, type SettlementFormat, withHeading } from './format.ts'
import { lineKinds, SettlementFileError } from './settlement.ts'
import { toInstant } from './time.ts'

const needed = ['line_id', 'type', 'amount', 'currency'] as const
const optional = ['payment_id', 'operation_id', 'provider_ref', 'fee', 'net', 'payout_id', 'occurred_at'] as const

/** Our own columns, for providers whose files are brought into them; docs/reconciliation.md describes them. */
export const ownFormat: SettlementFormat = {
  name: 'own',
  title: 'the columns of this service',
  provider: undefined,
  separator: ',',
  decimal: '.',
  isUneven: false,
  derivesPayouts: false,
  begin: decimal =>
    withHeading(heading => {
      const columns = columnsOf<(typeof needed | typeof optional)[number]>(heading, needed, optional)
      const form = { decimal }
      return fields => {
        const type = cell(fields, columns.type)
        const kind = lineKinds.find(known => known === type)
        if (kind === undefined) throw new SettlementFileError(`the type "${shortened(type)}" is not known`)
        const currency = cell(fields, columns.currency)
        const amount = toMinor(cell(fields, columns.amount), currency, form)
        const fee = toMinor(cell(fields, columns.fee) || '0', currency, form)
        const saidNet = cell(fields, columns.net)
        const net = saidNet === '' ? amount - fee : toMinor(saidNet, currency, form)
        return {
          lineId: cell(fields, columns.line_id),
          kind,
          paymentRef: firstOf(cell(fields, columns.provider_ref)),
          operationRef: firstOf(cell(fields, columns.provider_ref)),
          ownRef: firstOf(cell(fields, columns.operation_id), cell(fields, columns.payment_id)),
          amount,
          currency,
          fee,
          net,
          netCurrency: currency,
          feeOff: amount - fee - net,
          payout: firstOf(cell(fields, columns.payout_id)),
          occurredAtMs: toInstant(cell(fields, columns.occurred_at)),
        }
      }
    }),
}
