import { expect, setDefaultTimeout, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase } from './database.ts'
import { eventually } from './kafka.ts'
import { databaseEnv } from './service-process.ts'

setDefaultTimeout(60_000)

const root = join(import.meta.dirname, '..')
const makefile = readFileSync(join(root, 'Makefile'), 'utf8')
const phony = (/^\.PHONY: ((?:.*\\\n)*.*)$/m.exec(makefile)?.[1] ?? '').replaceAll('\\\n', ' ').trim().split(/\s+/)

/** Steps of targets that a person asks for. */
const internal = ['node-found', 'fresh-in-docker', 'fresh-here']

function make(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('make', args, { cwd: root, encoding: 'utf8' })
  return { status, output: stdout + stderr }
}

test('make alone lists every target with what it does', () => {
  const listed = [...Bun.stripANSI(make().output).matchAll(/^ {2}([a-z-]+) +\S+/gm)].map(match => match[1] ?? '')
  expect(listed.toSorted()).toEqual(phony.filter(name => !internal.includes(name)).toSorted())
  const promised = [
    'build',
    'build-release',
    'run',
    'run-release',
    'dev',
    'start-fresh',
    'test',
    'test-coverage',
    'docker-up',
  ]
  const more = ['docker-down', 'docker-build', 'docker-logs', 'docker-restart', 'setup', 'db-migrate', 'db-reset']
  expect([...promised, ...more, 'fmt', 'lint', 'clean', 'help'].filter(name => !listed.includes(name))).toEqual([])
})

test('every target is phony, and supports a dry run', () => {
  const targets = [...makefile.matchAll(/^([a-z-]+):(?!=)/gm)].map(match => match[1] ?? '')
  expect(targets.toSorted()).toEqual(phony.toSorted())
  // start-fresh asks whether Docker is there, and hands on to one of its steps, also when it is only tried.
  const failed = phony.filter(name => make('-n', name).status !== 0)
  expect(failed).toEqual([])
})

test('the binary of make build-release serves the pages, stores orders, and has the commands', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'orders-release-test-'))
  const database = await createTestDatabase(async () => undefined)
  try {
    const program = join(folder, 'orders')
    const args = ['--no-env-file', join(root, 'scripts/build-release.ts'), '--outfile', program]
    expect(spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })).toMatchObject({ status: 0 })
    // In a folder where nothing of the repository is.
    const env = { ...databaseEnv(database.address), SERVER_PORT: '0' }
    const service = Bun.spawn([program], { cwd: folder, env, stdin: 'ignore', stdout: 'pipe', stderr: 'ignore' })
    let output = ''
    void service.stdout.pipeTo(
      new WritableStream({
        write(chunk) {
          output += Buffer.from(chunk).toString()
        },
      }),
    )
    await eventually('it serves', () => /page +http\S+\/\n/.test(output) || service.exitCode !== null, 30_000)
    const url = /page +(http\S+)\/\n/.exec(output)?.[1] ?? ''
    for (const path of ['/', '/api/docs', '/api/docs/swagger-ui.css', '/api/openapi.json']) {
      expect([path, (await fetch(url + path)).status]).toEqual([path, 200])
    }
    expect((await fetch(`${url}/api/orders/test`, { method: 'POST' })).status).toBe(202)
    const verify = Bun.spawn([program, 'verify'], { cwd: folder, env, stdin: 'ignore', stdout: 'pipe' })
    expect(await new Response(verify.stdout).text()).toMatch(/^ok +[a-z-]+ /)
    expect(await verify.exited).toBe(0)
    service.kill('SIGTERM')
    expect(await service.exited).toBe(0)
  } finally {
    await database.drop()
    rmSync(folder, { recursive: true, force: true })
  }
})
