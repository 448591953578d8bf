import { expect, test } from 'bun:test'
import { hashed, hashText } from './text-hash.ts'

function hashOf(text: string, meaning = 0, start?: number, end?: number): string {
  hashText(text, meaning, start, end)
  return hashed.join()
}

test('a part of a text has the hash of its own', () => {
  const text = 'txn_0001,pi_00000001'
  expect(hashOf(text, 0, 0, 8)).toBe(hashOf('txn_0001'))
  expect(hashOf(text, 0, 9)).toBe(hashOf('pi_00000001'))
  expect(hashOf('pi_00000001', 1)).not.toBe(hashOf('pi_00000001'))
})

test('texts that differ in little have other hashes, whatever their characters are', () => {
  const near = [
    '',
    'a',
    'b',
    'ab',
    'ba',
    'abcd',
    'abce',
    'abcde',
    'abcd\u0001',
    'ACde',
    '\u0141Bde',
    '\u4141cd',
    'AACd',
    'aaaa',
    'aaaaa',
  ]
  const many = Array.from({ length: 20_000 }, (_, index) => `id_${index}`)
  const wide = Array.from({ length: 20_000 }, (_, index) => `Łódź ${index} €`)
  const all = [...near, ...many, ...wide]
  expect(new Set(all.map(text => hashOf(text))).size).toBe(all.length)
})
