import { shortened, toMinor } from './amount.ts'
import { cellsOf, firstOf, type SettlementFormat, withHeading } from './format.ts'
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
      const cell = cellsOf<(typeof needed | typeof optional)[number]>(heading, needed, optional)
      const form = { decimal }
      return fields => {
        const type = cell(fields, 'type')
        const kind = lineKinds.find(known => known === type)
        if (kind === undefined) throw new SettlementFileError(`the type "${shortened(type)}" is not known`)
        const currency = cell(fields, 'currency')
        const amount = toMinor(cell(fields, 'amount'), currency, form)
        const fee = toMinor(cell(fields, 'fee') || '0', currency, form)
        const net = toMinor(cell(fields, 'net') || '0', currency, form)
        const isNetSaid = cell(fields, 'net') !== ''
        return {
          lineId: cell(fields, 'line_id'),
          kind,
          paymentRef: firstOf(cell(fields, 'provider_ref')),
          operationRef: firstOf(cell(fields, 'provider_ref')),
          ownRef: firstOf(cell(fields, 'operation_id'), cell(fields, 'payment_id')),
          amount,
          currency,
          fee,
          net: isNetSaid ? net : amount - fee,
          netCurrency: currency,
          feeOff: isNetSaid ? amount - fee - net : 0,
          payout: firstOf(cell(fields, 'payout_id')),
          occurredAtMs: toInstant(cell(fields, 'occurred_at')),
        }
      }
    }),
}
