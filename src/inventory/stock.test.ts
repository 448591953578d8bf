import { expect, test } from 'bun:test'
import { backorderLimitOf, type Item } from './item.ts'
import { changeOf, type Movement, type MovementKind } from './movement.ts'
import { applyTo, availableOf, changeStock, levelOf, reservableOf, type Stock } from './stock.ts'

const stock: Stock = {
  chrtId: 1,
  location: 'main',
  onHand: 10,
  reserved: 3,
  unavailable: 2,
  backorderLimit: 0,
  backorderBound: 0,
  lowStock: undefined,
  asOfMs: 0,
}

const movement = (kind: MovementKind, quantity: number, location = 'main'): Movement => ({
  ...{ chrtId: 1, location, kind, quantity, change: changeOf(kind, quantity), reason: '', actor: '' },
})

/** What is there, reserved, in quarantine and available after a movement; or which number would be wrong. */
const table = `
  received 5        15  3  2  10
  returned 1        11  3  2   6
  adjusted 4        14  3  2   9
  adjusted -5        5  3  2   0
  adjusted -6       available
  transferred -5     5  3  2   0
  transferred 5     15  3  2  10
  written_off 5      5  3  2   0
  written_off 11    on_hand
  quarantined 5     10  3  7   0
  quarantined 6     available
  quarantined 11    unavailable
  unquarantined 2   10  3  0   7
  unquarantined 3   unavailable
  reserved 5        10  8  2   0
  reserved 6        available
  released 3        10  0  2   8
  released 4        reserved
  shipped 3          7  0  2   5
  shipped 4         reserved`

test('every kind of movement changes the numbers as it says, within what there is', () => {
  for (const line of table.trim().split('\n')) {
    const [kind, quantity, ...expected] = line.trim().split(/\s+/)
    const after = changeStock(stock, changeOf(kind as MovementKind, Number(quantity)))
    const found =
      'kind' in after ? [after.why] : [after.onHand, after.reserved, after.unavailable, availableOf(after)].map(String)
    expect([line, ...found]).toEqual([line, ...expected])
  }
})

test('units that arrive in quarantine, or are written off from there, leave what is available as it is', () => {
  const arrived = changeStock(stock, changeOf('returned', 4, { inQuarantine: true })) as Stock
  expect([arrived.onHand, arrived.unavailable, availableOf(arrived)]).toEqual([14, 6, 5])
  const gone = changeStock(arrived, changeOf('written_off', 6, { inQuarantine: true })) as Stock
  expect([gone.onHand, gone.unavailable, availableOf(gone)]).toEqual([8, 0, 5])
})

test('back-orders go as far as the limit; one that was lowered below them lets them shrink only', () => {
  const allowed = { ...stock, backorderLimit: 4, backorderBound: 4 }
  expect(reservableOf(allowed)).toBe(9)
  const full = changeStock(allowed, changeOf('reserved', 9)) as Stock
  expect([availableOf(full), reservableOf(full)]).toEqual([-4, 0])
  expect(changeStock(full, changeOf('reserved', 1))).toMatchObject({ kind: 'refused', why: 'available' })
  const lowered = { ...full, backorderLimit: 1 }
  const received = changeStock(lowered, changeOf('received', 2)) as Stock
  expect([availableOf(received), received.backorderBound, reservableOf(received)]).toEqual([-2, 2, 0])
  expect(changeStock(received, changeOf('reserved', 1))).toMatchObject({ kind: 'refused', why: 'available' })
  const item = { backorder: 'allow', backorderLimit: undefined } as Item
  expect([backorderLimitOf(item), backorderLimitOf({ ...item, backorder: 'refuse' })]).toEqual([2 ** 53 - 1, 0])
})

test('the level is that of all locations together', () => {
  const elsewhere = { ...stock, location: 'east', onHand: 1, reserved: 0, unavailable: 0 }
  expect(levelOf([stock, elsewhere], 5)).toBe('in_stock')
  expect(levelOf([stock], 5)).toBe('low')
  expect(levelOf([{ ...stock, lowStock: 4 }], 5)).toBe('in_stock')
  expect(levelOf([{ ...stock, reserved: 8 }], 5)).toBe('out_of_stock')
})

test('movements are applied in their order, and none when one is refused', () => {
  const east = { ...stock, location: 'east', onHand: 0, reserved: 0, unavailable: 0 }
  const applied = applyTo([stock, east], [movement('transferred', -5), movement('transferred', 5, 'east')], 7)
  expect(applied).toMatchObject({
    kind: 'changed',
    stocks: [
      { onHand: 5, asOfMs: 7 },
      { onHand: 5, asOfMs: 7 },
    ],
  })
  const refused = movement('reserved', 2)
  expect(applyTo([stock], [movement('reserved', 4), refused], 7)).toMatchObject({ kind: 'refused', movement: refused })
})
