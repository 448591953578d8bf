import { expect, test } from 'bun:test'
import { RowSet } from './row-set.ts'

test('rows come back once, in their order, and a batch is not much longer than asked for', () => {
  const rows = new RowSet()
  const added = [70_000, 0, 31, 32, 33, 63, 64, 1_000_000, 31]
  expect(added.map(row => rows.add(row))).toEqual([...Array(8).fill(true), false])
  expect(rows.size).toBe(8)
  expect([...rows.batches(3)]).toEqual([
    [0, 31, 32, 33, 63],
    [64, 70_000, 1_000_000],
  ])
  expect([...new RowSet().batches(3)]).toEqual([])
})
