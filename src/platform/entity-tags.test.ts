import { describe, expect, test } from 'bun:test'
import { isKnown, readEntityTags } from './entity-tags.ts'

describe('a list of entity tags', () => {
  test.each([
    ['"3"', ['3']],
    [' "3" ', ['3']],
    ['W/"3"', ['3']],
    ['"3-gzip"', ['3']],
    ['W/"3--gzip"', ['3']],
    ['"3-br", W/"4-zstd"\t,"5-deflate"', ['3', '4', '5']],
    ['"a,b","c-d"', ['a,b', 'c-d']],
    [', ,"3",,', ['3']],
    ['""', ['']],
    ['"\u00e9"', ['é']],
    ['*', '*'],
    [' * ', '*'],
  ])('%s', (header, tags) => {
    expect(readEntityTags(header)).toEqual(tags as '*' | string[])
  })

  test.each([
    '',
    ' ',
    ',',
    '3',
    'w/"3"',
    'W/ "3"',
    '"3',
    '3"',
    '"3" "4"',
    '"3", 4',
    '"3";q=1',
    '*, "3"',
    '"a b"',
    '"3"-gzip',
  ])('is none: %s', header => {
    expect(readEntityTags(header)).toBeUndefined()
  })

  test('of a megabyte is read in time that grows with its length alone', () => {
    const startedMs = performance.now()
    for (const header of [
      '"'.repeat(1e6),
      ' '.repeat(1e6),
      ','.repeat(1e6),
      `"${'-gzip'.repeat(2e5)}"`,
      'W/'.repeat(5e5),
    ]) {
      readEntityTags(header)
    }
    expect(performance.now() - startedMs).toBeLessThan(2_000)
  })
})

test('is known by any tag of the list that has the same value, weak or not', () => {
  for (const header of ['"3"', 'W/"3"', '"3-gzip"', '"2", W/"3-br"', '*']) expect(isKnown(header, '"3"')).toBe(true)
  for (const header of ['"4"', '"33"', 'W/"4"', '3', '', '"3" or so']) expect(isKnown(header, '"3"')).toBe(false)
})
