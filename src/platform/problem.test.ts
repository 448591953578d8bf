import { expect, test } from 'bun:test'
import { AppError } from '../errors.ts'
import { createLogger } from './log.ts'
import { createPool } from './postgres.ts'
import { problemResponse } from './problem.ts'

const log = createLogger({ level: 'silent' })

test('a database that cannot be reached is answered 503 with Retry-After, whatever way it is missing', async () => {
  const address = { port: 1, user: 'postgres', password: undefined, database: 'orders' }
  for (const host of ['/nonexistent', '127.0.0.1', 'host.invalid']) {
    const pool = createPool({ ...address, host }, { connectionsMax: 1, name: 'test', log })
    const error = await pool.query('select 1').catch(error => error)
    const answer = problemResponse(error, log)
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(JSON.parse(await answer.text())).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await pool.end()
  }
})

test('an unexpected error is answered 500 and reveals nothing internal', async () => {
  const answer = problemResponse(new TypeError('undefined is not a function in secret.ts'), log)
  expect(answer.status).toBe(500)
  expect(await answer.text()).not.toContain('secret')
})

test('violations are listed, and a missing key is requested', async () => {
  const violations = [{ pointer: '/a', detail: 'is required' }]
  const invalid = problemResponse(new AppError('ORDER_INVALID', 'no', { violations }), log)
  expect(JSON.parse(await invalid.text()).errors).toEqual(violations)
  expect(problemResponse(new AppError('KEY_MISSING', 'no'), log).headers.get('www-authenticate')).toBe('Bearer')
})
