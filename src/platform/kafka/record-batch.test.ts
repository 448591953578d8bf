import { expect, setDefaultTimeout, test } from 'bun:test'
import * as kafka from '@platformatic/kafka'
import fc from 'fast-check'
import { hashKey } from './key-hash.ts'
import { writeRequest } from './producing.ts'
import { type OutgoingMessage, RecordBatch } from './record-batch.ts'

// Texts of a megabyte, hundreds of times.
setDefaultTimeout(60_000)

const checksum = (bytes: Buffer) => kafka.crc32c(bytes)

const bytes = fc.uint8Array({ maxLength: 200 }).map(value => Buffer.from(value))
/** Of every length that a length's own length changes at, in characters of one to three bytes; broken ones among them. */
const text = fc
  .tuple(
    fc.constantFrom('a', 'ä', '€', '😀', '\ud800', '\0'),
    fc.oneof(fc.nat(70), fc.integer({ min: 2_000, max: 9_000 }), fc.constantFrom(60_000, 500_000)),
    fc.string({ unit: 'binary', maxLength: 50 }),
  )
  .map(([unit, times, rest]) => unit.repeat(times) + rest)
const shortText = fc.string({ unit: 'binary', maxLength: 30 })
const content = fc.oneof({ weight: 4, arbitrary: shortText }, bytes, fc.constant(null), text)
const message: fc.Arbitrary<OutgoingMessage> = fc.record(
  {
    key: fc.oneof(shortText, bytes, fc.constant(null)),
    value: fc.oneof(text, bytes, fc.constant(null)),
    headers: fc.array(fc.tuple(fc.oneof(shortText, bytes), content), { maxLength: 80, size: 'small' }),
  },
  { requiredKeys: ['key', 'value'] },
)

/** A message as the library takes it: its types know no null, and names of headers as bytes of their own keep two that are equal. */
function forLibrary({ key, value, headers = [] }: OutgoingMessage, timestamp: bigint) {
  const nullable = (part: string | Buffer | null) => (part === null ? null : Buffer.from(part)) as Buffer
  const map = new Map(headers.map(([name, part]) => [nullable(name), nullable(part)]))
  return { topic: 'topic', partition: 3, key: nullable(key), value: nullable(value), headers: map, timestamp }
}

test('a batch is byte for byte what the library makes of the same messages, also in a buffer that was used before', () => {
  const batch = new RecordBatch()
  fc.assert(
    fc.property(
      fc.array(message, { minLength: 1, maxLength: 100, size: 'small' }),
      fc.nat(2 ** 45),
      (messages, nowMs) => {
        batch.clear()
        for (const one of messages) batch.append(one)
        const theirs = kafka.createRecordsBatch(messages.map(one => forLibrary(one, BigInt(nowMs))))
        expect(batch.finish(nowMs, checksum).equals(theirs.buffer)).toBe(true)
      },
    ),
    { numRuns: 300 },
  )
})

test('a removed record is not in the batch', () => {
  const batch = new RecordBatch()
  for (const key of ['a', 'b', 'c']) {
    batch.append({ key, value: 'v', headers: [['name', null]] })
    const { size } = batch
    batch.append({ key: 'not this one', value: 'x'.repeat(100_000) })
    batch.takeBack()
    expect(batch.size).toBe(size)
  }
  const { records } = kafka.readRecordsBatch(kafka.Reader.from(batch.finish(1, checksum)))
  expect(records.map(({ key, value, offsetDelta }) => [String(key), String(value), offsetDelta])).toEqual([
    ['a', 'v', 0],
    ['b', 'v', 1],
    ['c', 'v', 2],
  ])
})

test('a request is byte for byte what the library makes of the same messages, in every version that it knows', () => {
  const batch = new RecordBatch()
  const messages = [
    { key: 'k', value: 'v', headers: [['h', '1']] as const },
    { key: null, value: null },
  ]
  for (const one of messages) batch.append(one)
  const records = batch.finish(1_700_000_000_000, checksum)
  const theirs = messages.map(one => forLibrary(one, 1_700_000_000_000n))
  const { produceV3, produceV8, produceV9, produceV11 } = kafka
  for (const { api, createRequest } of [produceV3, produceV8, produceV9, produceV11]) {
    const own = writeRequest(kafka, api.version, 'topic', [{ partition: 3, records }])
    expect(own.buffer.toString('hex')).toBe(createRequest(kafka.ProduceAcks.ALL, 5_000, theirs).buffer.toString('hex'))
  }
})

test('a key is hashed as the library does it, which does it as the Java client does', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), key => {
      const buffer = Buffer.from(key)
      const theirs = kafka.compatibilityPartitioner({ topic: 't', value: buffer }, buffer)
      expect(hashKey(buffer, buffer.length)).toBe(theirs)
    }),
    { numRuns: 1_000 },
  )
})
