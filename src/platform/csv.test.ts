import { expect, test } from 'bun:test'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { CsvDecoder, CsvError, CsvSplitter } from './csv.ts'

const form = { separator: ',', isUneven: true, charactersMax: 100 }

function recordsOf(pieces: readonly string[], change: Partial<typeof form> = {}): string[][] {
  const records: string[][] = []
  const splitter = new CsvSplitter({ ...form, ...change }, record => void records.push(record.values()))
  for (const piece of pieces) splitter.write(piece)
  splitter.end()
  return records
}

const texts: [string, string[][]][] = [
  ['', []],
  ['a', [['a']]],
  [',', [['', '']]],
  [
    'a,b\nc,d\n',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  [
    'a,b\r\nc,d',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  [
    'a,\r\n\r\n\n,d\r\n',
    [
      ['a', ''],
      ['', 'd'],
    ],
  ],
  [
    '"a","b"\n"c","d"\n',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  [
    '"a","b"\r\n"c","d"',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  [
    'a,"b\r\nb","c,c"\r\nd,"",""""\r\n',
    [
      ['a', 'b\r\nb', 'c,c'],
      ['d', '', '"'],
    ],
  ],
  [
    'a,"""b"" ""c"""\n"",\n',
    [
      ['a', '"b" "c"'],
      ['', ''],
    ],
  ],
  ['h\na\rb,"c"\n', [['h'], ['a\rb', 'c']]],
]

test('records are the same wherever the text is cut into pieces', () => {
  for (const [text, records] of texts) {
    for (let cut = 0; cut <= text.length; cut += 1) {
      expect(recordsOf([text.slice(0, cut), text.slice(cut)]), JSON.stringify([text, cut])).toEqual(records)
    }
    expect(recordsOf([...text])).toEqual(records)
  }
})

test('a record has the line in which it begins, and so has what is not CSV', () => {
  const lines: [string, number][] = []
  const splitter = new CsvSplitter(form, record => void lines.push([record.value(0), splitter.line]))
  for (const piece of ['a\n\nb\n"c', '\n\r\n",1\r\n\r', '\nd,"\n"\n', '"e",2\nf']) splitter.write(piece)
  splitter.end()
  expect(lines).toEqual([
    ['a', 1],
    ['b', 3],
    ['c\n\r\n', 4],
    ['d', 8],
    ['e', 10],
    ['f', 11],
  ])
  expect(() => splitter.write('\ng\n"h"i\n')).toThrow(CsvError)
})

test('another separator, and none of the comma', () => {
  expect(recordsOf(['a,1;b\n"c;""d";e,2\n'], { separator: ';' })).toEqual([
    ['a,1', 'b'],
    ['c;"d', 'e,2'],
  ])
})

test('what is not CSV is refused, wherever it is cut', () => {
  for (const [text, refusal] of [
    ['a,"b\nc,d\n', 'a quote is not closed'],
    ['a,"b', 'a quote is not closed'],
    ['a,"b""', 'a quote is not closed'],
    ['a,b"c"\n', 'a quote stands inside a field'],
    ['a,b"\n', 'a quote stands inside a field'],
    ['a,"b"c\n', 'text follows a closed quote'],
    ['"a" ,b\n', 'text follows a closed quote'],
    ['"a"\r,b\n', 'text follows a closed quote'],
    ['a,b\rc,d\r', 'rows end with CR alone'],
    [`a,${'b'.repeat(100)}\n`, 'longer than 100 characters'],
    [`a,"${'b'.repeat(100)}`, 'longer than 100 characters'],
  ] as const) {
    for (let cut = 0; cut <= text.length; cut += 1) {
      expect(() => recordsOf([text.slice(0, cut), text.slice(cut)]), JSON.stringify([text, cut])).toThrow(refusal)
    }
  }
  expect(() => recordsOf(['a,b\nc\n'], { isUneven: false })).toThrow('it has 1 fields, and the heading 2')
  expect(recordsOf(['a,b\nc\n'])).toHaveLength(2)
})

test('UTF-8 is read wherever it is cut, without its mark, and another encoding is refused', () => {
  const bytes = Buffer.from('\ufeffé€😀,a\n')
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const decoder = new CsvDecoder()
    const text = decoder.decode(bytes.subarray(0, cut)) + decoder.decode(bytes.subarray(cut)) + decoder.decode()
    expect(text).toBe('é€😀,a\n')
  }
  const read = (piece: Uint8Array) => {
    const decoder = new CsvDecoder()
    return decoder.decode(piece) + decoder.decode()
  }
  for (const other of [
    Buffer.from('caf\xe9,1\n', 'latin1'),
    Buffer.from('\ufeffcafe', 'utf16le'),
    bytes.subarray(0, bytes.length - 4),
  ])
    expect(() => read(other)).toThrow(CsvError)
})

const field = fc.string({
  unit: fc.constantFrom('a', 'é', '€', '😀', ' ', '"', ',', ';', '\n', '\r', '\r\n'),
  maxLength: 5,
})

test('what csv-parse reads is read alike: fields of any content, quoted where they must be or all of them', () => {
  const file = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 5 })
  fc.assert(
    fc.property(file, fc.constantFrom('\n', '\r\n'), fc.boolean(), fc.nat(), (rows, lineEnd, isQuoted, at) => {
      const heading = ['h', 'i']
      const written = (text: string) => (isQuoted || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
      const text = [heading, ...rows].map(row => row.map(written).join(',') + lineEnd).join('')
      const cut = at % (text.length + 1)
      const expected = parse(text, { relax_column_count: true, skip_empty_lines: true, record_delimiter: lineEnd })
      expect(recordsOf([text.slice(0, cut), text.slice(cut)], { charactersMax: 1_000 })).toEqual(expected)
    }),
    { numRuns: 500 },
  )
})
