import { expect, test } from 'bun:test'
import { createPageGarbage } from './page-garbage.ts'

const mebibyte = 1024 * 1024

test('the garbage of large pages is collected each time enough bytes were made, when the process is large', () => {
  let [residentBytes, collections] = [0, 0]
  const pageWasMade = createPageGarbage({
    residentBytesMin: 200 * mebibyte,
    everyBytes: 8 * mebibyte,
    residentBytes: () => residentBytes,
    collect: () => {
      collections += 1
    },
  })
  const make = (pages: number, bytes: number) => {
    collections = 0
    for (let page = 0; page < pages; page += 1) pageWasMade(bytes)
    return collections
  }
  expect(make(20, mebibyte)).toBe(0)
  residentBytes = 300 * mebibyte
  expect(make(1, mebibyte)).toBe(1)
  expect(make(7, mebibyte)).toBe(0)
  expect(make(1, mebibyte)).toBe(1)
  expect(make(16, mebibyte)).toBe(2)
  expect(make(1_000, 100_000)).toBe(0)
})
