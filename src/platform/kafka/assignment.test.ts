import { expect, test } from 'bun:test'
import { inTurn } from './assignment.ts'

test('partitions that brought something are asked for last, in the order in which they brought it', () => {
  const partition = (number: number) => ({ partition: number })
  expect(inTurn([0, 1, 2, 3], [])).toEqual([0, 1, 2, 3])
  expect(inTurn([0, 1, 2, 3], [partition(0), partition(1)])).toEqual([2, 3, 0, 1])
  expect(inTurn([2, 3, 0, 1], [partition(2), partition(0)])).toEqual([3, 1, 2, 0])
  expect(inTurn([0], [partition(0)])).toEqual([0])
})
