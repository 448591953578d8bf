import { expect, test } from 'bun:test'
import { testAmounts } from '../../../test/provider-conformance.ts'
import { providersOf } from '../providers.ts'
import { manual } from './manual.ts'

testAmounts(() => manual)

test('recorded money is there whatever is configured, and nothing is called for it', () => {
  const { byName, routes, workers } = providersOf([])
  expect([...byName.keys()]).toEqual(['manual'])
  expect(byName.get('manual')).toMatchObject({ isRecorded: true })
  expect([routes, workers]).toEqual([[], []])
})
