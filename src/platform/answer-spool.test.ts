import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { AnswerSpool } from './answer-spool.ts'
import { createLogger } from './log.ts'

const log = createLogger({ level: 'silent' })

test('returns what was added, in order, however adding and taking interleave', async () => {
  const pieces = fc.array(fc.tuple(fc.integer({ min: 1, max: 200_000 }), fc.boolean()), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(pieces, async steps => {
      const spool = new AnswerSpool(log)
      const given: Buffer[] = []
      const taken: Uint8Array[] = []
      for (const [index, [size, isTaken]] of steps.entries()) {
        const piece = Buffer.alloc(size, index)
        given.push(piece)
        const adding = spool.add(piece)
        // Both at once as well: a reader does not wait for the writer.
        if (isTaken) taken.push((await spool.take()) ?? Buffer.alloc(0))
        expect(await adding).toBe(true)
      }
      spool.end()
      for (let piece = await spool.take(); piece !== undefined; piece = await spool.take()) taken.push(piece)
      expect(Buffer.concat(taken).equals(Buffer.concat(given))).toBe(true)
      expect(spool.byteLength).toBe(0)
    }),
    { numRuns: 50 },
  )
})

test('makes a writer wait when it is full, reports that, and resumes it when there is room or nobody reads any more', async () => {
  const spool = new AnswerSpool(log)
  const piece = Buffer.alloc(32 * 1024 * 1024, 7)
  for (let count = 0; count < 9; count += 1) expect(await spool.add(piece)).toBe(true)
  let isAdded = false
  const ninth = spool.add(piece).then(result => {
    isAdded = true
    return result
  })
  await spool.full
  expect(isAdded).toBe(false)
  for (let bytes = 0; !isAdded && bytes < 9 * piece.byteLength; ) bytes += (await spool.take())?.byteLength ?? 0
  expect(await ninth).toBe(true)
  spool.close()
  expect(await spool.add(piece)).toBe(false)
  expect(await spool.take()).toBeUndefined()
})
