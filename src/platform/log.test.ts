import { expect, test } from 'bun:test'
import { createLogger } from './log.ts'

function logged(write: (log: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = []
  write(createLogger({ level: 'debug', destination: { write: line => lines.push(line) } }))
  return lines.join('')
}

test('what the database quotes of a row is not logged, not even as a cause', () => {
  const refusal = Object.assign(new Error('violates a check constraint'), {
    code: '23514',
    detail: 'Failing row contains (Test Testov, +9720000000)',
    where: 'COPY orders, line 1: "Test Testov"',
  })
  const line = logged(log => log.error({ err: new Error('refused', { cause: refusal }) }, 'a request failed'))
  expect(line).not.toContain('Testov')
  expect(JSON.parse(line)).toMatchObject({ level: 'error', err: { message: 'refused', cause: { code: '23514' } } })
})

test('recipients and keys are removed at any depth', () => {
  const secret = 'sk_0123456789'
  const line = logged(log =>
    log.info({ order: { delivery: { name: secret } }, headers: { authorization: secret }, password: secret }, 'x'),
  )
  expect(line).not.toContain(secret)
  expect(line).toContain('[redacted]')
})
