import { expect, test } from 'bun:test'
import { ExportReader } from './reader.ts'

test('an error names the line of the file, empty lines included', async () => {
  async function* file() {
    yield Buffer.from('\ufeff\r\n\n\n  not a line of an export\n')
  }
  const reader = new ExportReader(file())
  expect(await reader.peek().catch(String)).toBe('ImportError: line 4 is not one of an export')
})
