import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { logStart } from './checkpoint.ts'
import { enterReader, moveCheckpoint, readCheckpoint, saveCheckpoint } from './readers.ts'

let t: TestApp
beforeAll(async () => {
  t = await createTestApp()
})
afterAll(() => t.close())

const near = { xid: '9', position: '10' }
const far = { xid: '10', position: '2' }

for (const [name, save] of Object.entries({ saveCheckpoint, moveCheckpoint })) {
  test(`${name} goes forward only, so that a leader that was frozen does not take the reader back`, async () => {
    expect(await enterReader(t.pool, name)).toEqual(logStart)
    await save(t.pool, name, near)
    await save(t.pool, name, far)
    await save(t.pool, name, near)
    expect(await readCheckpoint(t.pool, name)).toEqual(far)
  })
}
