import { expect, test } from 'bun:test'
import { type ChangedStatus, decideCommand, type StatusCommand } from './lifecycle.ts'
import { type OrderStatus, orderStatuses } from './order.ts'

/** Every status against every command: the status it leads to, '-' refused, '=' unchanged. */
const table = `
             confirm    hold     complete   cancel     expire
  pending    confirmed  -        -          cancelled  expired
  confirmed  =          on_hold  completed  cancelled  -
  on_hold    confirmed  =        -          cancelled  -
  completed  -          -        =          -          -
  cancelled  -          -        -          =          -
  expired    -          -        -          -          =`

const [head = [], ...rows] = table
  .trim()
  .split('\n')
  .map(line => line.trim().split(/\s+/))

test('the table names every status', () => {
  expect(rows.map(row => row[0] ?? '').sort()).toEqual([...orderStatuses].sort())
})

for (const [status, ...results] of rows) {
  results.forEach((expected, column) => {
    test(`${head[column]} of an order that is ${status}: ${expected}`, () => {
      const state = { status: status as OrderStatus, paymentStatus: 'paid', deliveryStatus: 'unfulfilled' } as const
      const decision = decideCommand(state, head[column] as StatusCommand)
      const shown = { unchanged: '=', refused: '-', changed: decision.kind === 'changed' ? decision.state.status : '' }
      expect(shown[decision.kind]).toBe(expected)
      if (decision.kind === 'changed') {
        expect(decision.state).toEqual({ ...state, status: expected as ChangedStatus })
      }
    })
  })
}
