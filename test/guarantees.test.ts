import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const read = (name: string) => readFileSync(join(root, name), 'utf8')

test('docs/guarantees.md names existing tests, at least one for each guarantee', () => {
  const [promised = ''] = read('docs/guarantees.md').split('## What is not guaranteed')
  const promises = promised.split('\n- ').slice(1)
  expect(promises.length).toBeGreaterThan(20)
  const testsOf = (text: string) =>
    [...text.matchAll(/`((?:src|test)\/[^`]+\.test\.ts)`/g)].map(([, name = '']) => name)
  expect(promises.filter(promise => testsOf(promise).length === 0)).toEqual([])
  expect(testsOf(promised).filter(name => !existsSync(join(root, name)))).toEqual([])
})

test('make faults repeats existing tests', () => {
  const [, list = ''] = /^FAULT_TESTS := ((?:.*\\\n)*.*)$/m.exec(read('Makefile')) ?? []
  const names = list.replaceAll('\\\n', ' ').trim().split(/\s+/)
  expect(names.length).toBeGreaterThan(10)
  expect(names.filter(name => !existsSync(join(root, 'test', `${name}.test.ts`)))).toEqual([])
})
