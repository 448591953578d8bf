import { expect, test } from 'bun:test'
import type { Reconciliation } from '../settlements/reconcile.ts'
import { describeReconciliation, reconciliationJson } from './reconcile-text.ts'

const found: Reconciliation = {
  ...{ rows: 2, lines: 1, otherLines: 0, period: undefined, payouts: [], payoutsTotal: 0, payoutsWrong: 0 },
  counts: {
    ...{ matched: 1, missing_here: 0, missing_there: 0, amount_differs: 0, fee_differs: 0, currency_differs: 0 },
    duplicate: 0,
  },
  booked: { fees: 0, payouts: 0 },
  report: { id: 'rec_1', isNew: false },
  isMatched: true,
}

test('a run names its report, and says that an earlier run has kept it', () => {
  const lastOf = (change: Partial<Reconciliation>) =>
    describeReconciliation('sandbox', { ...found, ...change }, [])
      .split('\n')
      .at(-1)
  expect(lastOf({})).toBe('report: rec_1, kept by an earlier run that came to the same; it is already booked')
  expect(lastOf({ report: { id: 'rec_1', isNew: true } })).toBe('report: rec_1')
  expect(lastOf({ report: undefined, booked: undefined })).toBe('nothing is booked')
  const file = { file: 'a.csv', format: 'own', provider: 'sandbox' }
  expect(reconciliationJson(file, found, [])).toMatchObject({ report: { id: 'rec_1', new: false }, differences: [] })
})
