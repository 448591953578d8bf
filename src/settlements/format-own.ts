import { shortened } from './amount.ts'
import {
  amountIn,
  cell,
  columnsOf,
  firstCell,
  recurring,
  type SettlementFormat,
  timeIn,
  withHeading,
} from './format.ts'
import { lineKinds, SettlementFileError } from './settlement.ts'

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
      const kindOf = recurring(type => lineKinds.find(known => known === type))
      const currencyOf = recurring(code => code)
      const payoutOf = recurring(payout => payout || undefined)
      return record => {
        const kind = kindOf(record, columns.type)
        if (kind === undefined) {
          throw new SettlementFileError(`the type "${shortened(cell(record, columns.type))}" is not known`)
        }
        const currency = currencyOf(record, columns.currency)
        const amount = amountIn(record, columns.amount, currency, form)
        const isFree = cell(record, columns.fee) === ''
        const fee = isFree ? 0 : amountIn(record, columns.fee, currency, form)
        const isNetLess = cell(record, columns.net) === ''
        const net = isNetLess ? amount - fee : amountIn(record, columns.net, currency, form)
        const ref = firstCell(record, columns.provider_ref)
        return {
          lineId: cell(record, columns.line_id),
          kind,
          paymentRef: ref,
          operationRef: ref,
          ownRef: firstCell(record, columns.operation_id, columns.payment_id),
          amount,
          currency,
          fee,
          net,
          netCurrency: currency,
          feeOff: amount - fee - net,
          payout: payoutOf(record, columns.payout_id),
          occurredAtMs: timeIn(record, columns.occurred_at),
        }
      }
    }),
}
