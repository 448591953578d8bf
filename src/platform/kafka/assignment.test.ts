import { expect, test } from 'bun:test'
import { inTurn } from './assignment.ts'

test('partitions that returned something are asked for last, in that order', () => {
  const partition = (number: number) => ({ partition: number })
  expect(inTurn([0, 1, 2, 3], [])).toEqual([0, 1, 2, 3])
  expect(inTurn([0, 1, 2, 3], [partition(0), partition(1)])).toEqual([2, 3, 0, 1])
  expect(inTurn([2, 3, 0, 1], [partition(2), partition(0)])).toEqual([3, 1, 2, 0])
  expect(inTurn([0], [partition(0)])).toEqual([0])
})
