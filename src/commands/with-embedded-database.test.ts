import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newDataDir, removeDataDirs } from '../../test/embedded-servers.ts'
import { findingOf, runCli } from '../../test/run-cli.ts'
import { endServices, startServiceProcess } from '../../test/service-process.ts'

setDefaultTimeout(60_000)
afterAll(async () => {
  await endServices()
  removeDataDirs()
})

describe('commands with the embedded database', () => {
  test('commands work while the service is stopped, runs, and was killed', async () => {
    const dataDir = newDataDir()
    const environment = { DATA_DIR: dataDir, SERVER_PORT: '0' }
    writeFileSync(join(dataDir, 'mine.txt'), 'keep me')
    const cold = await runCli(['doctor', '--json'], environment)
    expect(cold.exitCode).toBe(0)
    expect(findingOf(cold.out, 'database')).toMatchObject({ state: 'off' })
    expect(readdirSync(dataDir)).toEqual(['mine.txt'])

    expect((await runCli(['migrate'], environment)).database).toEndWith(`${dataDir}, started for this command`)
    const made = await runCli(['keys', 'create', '--name', 'first', '--scopes', 'orders:read', '--json'], environment)
    expect(existsSync(join(dataDir, 'postgres', 'postmaster.pid'))).toBe(false)
    const { key } = JSON.parse(made.out)

    const service = await startServiceProcess({ env: environment })
    const asking = (given: string) =>
      fetch(`${service.url}/api/orders`, { headers: { authorization: `Bearer ${given}` } }).then(({ status }) => status)
    expect(await asking(key)).toBe(200)
    const [migrated, listed, refused, doctor] = await Promise.all([
      runCli(['migrate', '--json'], environment),
      runCli(['keys', 'list', '--json'], environment),
      runCli(['db-reset', '--yes'], environment),
      runCli(['doctor', '--json'], environment),
    ])
    expect(JSON.parse(migrated.out)).toMatchObject({ applied: [] })
    for (const { database } of [migrated, listed]) expect(database).toEndWith(`${dataDir}, which a service works with`)
    expect(JSON.parse(listed.out)).toHaveLength(1)
    expect(refused).toMatchObject({ exitCode: 1, err: expect.stringContaining('the service is running') })
    expect(findingOf(doctor.out, 'database')?.detail).toContain('a service works with it')
    expect(await asking(key)).toBe(200)

    service.kill('SIGKILL')
    await service.exited
    const left = await runCli(['doctor', '--json'], environment)
    expect(findingOf(left.out, 'database')?.detail).toContain('left it')
    expect((await runCli(['keys', 'list'], environment)).exitCode).toBe(0)
    expect((await runCli(['db-reset', '--yes', '--json'], environment)).out).toContain('"removed": true')
    expect(readdirSync(dataDir)).toEqual(['mine.txt'])
    expect((await runCli(['db-reset', '--yes'], environment)).out).toContain('there was no database')
  })
})
