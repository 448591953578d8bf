import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import Ajv from 'ajv'
import { YAML } from 'bun'
import { chartDigest, chartFolder, manifestsFolder } from '../scripts/render-manifests.ts'
import { configuredKeys } from '../src/access/variables.ts'
import { readConfig, variablesOf } from '../src/config.ts'
import { modules } from '../src/modules.ts'
import { healthRoutes } from '../src/system/health.ts'
import { timeouts } from '../src/webhooks/sender.ts'
import { firstOf, parseManifests, withDefaults } from './manifests.ts'
import { rulesFolder } from './monitoring-rules.ts'

/** What can be known of the chart and of the manifests without Helm and without a cluster. */

const root = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

const manifests = readdirSync(manifestsFolder).flatMap(name =>
  parseManifests(readFileSync(join(manifestsFolder, name), 'utf8')),
)

const ofKind = (kind: string) => firstOf(manifests, kind)

type Pod = {
  automountServiceAccountToken: boolean
  serviceAccountName?: string
  terminationGracePeriodSeconds: number
  securityContext: object
  containers: [Container]
}
type Container = {
  env: { name: string; value?: string; valueFrom?: { secretKeyRef: { name: string; key: string } } }[]
  envFrom?: { configMapRef: { name: string } }[]
  args?: string[]
  ports?: { name: string; containerPort: number }[]
  lifecycle?: { preStop: { sleep: { seconds: number } } }
  securityContext: object
} & Record<`${'startup' | 'liveness' | 'readiness'}Probe`, { httpGet: { path: string; port: string } }>

const podOf = (kind: string) => (ofKind(kind).spec as { template: { spec: Pod } }).template.spec
const service = podOf('Deployment')
const migration = podOf('Job')
const settings = ofKind('ConfigMap').data

/** What a container's environment is; what is in a Secret is made up. */
function environmentOf({ containers: [{ env, envFrom = [] }] }: Pod): Record<string, string> {
  const secrets: Record<string, string> = { API_KEYS: 'a-key-of-twenty-four-characters=orders:read' }
  const own = env.map(({ name, value }) => [name, value ?? secrets[name] ?? 'secret'] as const)
  return { ...(envFrom.length > 0 ? settings : {}), ...Object.fromEntries(own) }
}

describe('the manifests', () => {
  test('are rendered from the chart as it is; otherwise run: make manifests', () => {
    expect(read('deploy/kubernetes/kustomization.yaml')).toContain(chartDigest())
  })

  test('the kustomization has everything but what is applied separately', () => {
    const { resources } = ofKind('Kustomization') as unknown as { resources: string[] }
    const files = readdirSync(manifestsFolder).filter(name => name !== 'kustomization.yaml')
    expect([...resources, 'migration.yaml', 'servicemonitor.yaml'].sort()).toEqual(files.sort())
  })

  test('contain nothing that only Helm understands', () => {
    const texts = readdirSync(manifestsFolder).map(name => readFileSync(join(manifestsFolder, name), 'utf8'))
    expect(texts.filter(text => /helm\.sh|managed-by|checksum|\{\{/.test(text))).toEqual([])
  })

  test.each([
    ['the service', service],
    ['the migration', migration],
  ])('%s gets settings that it accepts, and a database that is not its own', (_, pod) => {
    const environment = environmentOf(pod)
    const known: readonly string[] = ['BUN_JSC_forceRAMSize', ...variablesOf(modules).map(({ name }) => name)]
    expect(Object.keys(environment).filter(name => !known.includes(name))).toEqual([])
    expect(environment.DATA_DIR).toBeUndefined()
    const config = readConfig(modules, environment, root)
    // docs/kubernetes.md names the host by its place.
    expect(pod.containers[0].env[0]?.name).toBe('DB_HOST')
    expect(config.database).toMatchObject({ host: 'postgres.example.com', user: 'orders', password: 'secret' })
  })

  test('the service can be reached, requires keys, and uses Kafka', () => {
    const config = readConfig(modules, environmentOf(service), root)
    expect(config.server).toMatchObject({ host: '0.0.0.0', port: service.containers[0].ports?.[0]?.containerPort })
    expect(config.value(configuredKeys)).toHaveLength(1)
    expect(config.kafka?.brokers).toEqual(['kafka.example.com:9092'])
  })

  test('passwords and keys are referred to, not written', () => {
    const secrets = [service, migration].flatMap(pod => pod.containers[0].env.filter(({ valueFrom }) => valueFrom))
    expect(secrets.map(({ name, valueFrom }) => [name, valueFrom?.secretKeyRef])).toEqual([
      ['DB_PASSWORD', { name: 'orders-database', key: 'DB_PASSWORD' }],
      ['API_KEYS', { name: 'orders-api-keys', key: 'API_KEYS' }],
      ['DB_PASSWORD', { name: 'orders-database', key: 'DB_PASSWORD' }],
    ])
    expect(manifests.filter(({ kind }) => kind === 'Secret')).toEqual([])
  })

  test('the migration runs an existing command', () => {
    const [script = '', command = ''] = migration.containers[0].args ?? []
    expect(Bun.spawnSync([process.execPath, join(root, script), command, '--help'], { env: {} }).exitCode).toBe(0)
  })

  test('probes and scrapes use existing paths', () => {
    const [container] = service.containers
    const paths = healthRoutes(() => Promise.reject(new Error('is not asked'))).map(({ path }) => path)
    const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe]
    expect(probes.map(({ httpGet }) => httpGet.path)).toEqual(['/livez', '/livez', '/readyz'])
    expect(probes.filter(({ httpGet }) => !paths.includes(httpGet.path) || httpGet.port !== 'http')).toEqual([])
    const { endpoints } = ofKind('ServiceMonitor').spec as { endpoints: { path: string; port: string }[] }
    expect(endpoints).toMatchObject([{ path: '/metrics', port: 'http' }])
    expect(read('src/system/metrics.ts')).toContain("path: '/metrics'")
  })

  test('the service has time to stop in order, after the routers have removed it', () => {
    const milliseconds = (path: string, pattern: RegExp) =>
      Number((pattern.exec(read(path))?.[1] ?? 'NaN').replaceAll('_', ''))
    const stopping = [
      milliseconds('src/platform/kafka/consumer.ts', /stopDeadlineMs \?\? ([\d_]+)/),
      milliseconds('src/service.ts', /requestsDeadlineMs = ([\d_]+)/),
      milliseconds('src/service.ts', /drainDeadlineMs = ([\d_]+)/),
      // The readers of the log end together: what is being published, and what is being delivered.
      Math.max(
        milliseconds('src/platform/kafka/send-reduced.ts', /sendDeadlineMs = ([\d_]+)/),
        timeouts.connectMs + timeouts.answerMs + timeouts.bodyMs,
      ),
    ].reduce((sum, ms) => sum + ms / 1_000, 0)
    const waiting = service.containers[0].lifecycle?.preStop.sleep.seconds ?? 0
    expect(waiting).toBeGreaterThanOrEqual(5)
    // The database's answers, and those of Kafka to being left, come on top.
    expect(service.terminationGracePeriodSeconds).toBeGreaterThan(waiting + stopping + 20)
  })

  test('pods have no unneeded rights, and run as the account of the image', () => {
    const user = Number(/^USER (\d+):/m.exec(read('Dockerfile'))?.[1])
    for (const pod of [service, migration]) {
      expect(pod.automountServiceAccountToken).toBe(false)
      expect(pod.securityContext).toEqual({
        runAsNonRoot: true,
        runAsUser: user,
        runAsGroup: user,
        seccompProfile: { type: 'RuntimeDefault' },
      })
      expect(pod.containers[0].securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
    }
  })
})

describe('the chart', () => {
  const ajv = new Ajv({ allErrors: true })
  const check = ajv.compile(JSON.parse(readFileSync(join(chartFolder, 'values.schema.json'), 'utf8')))
  const sets = readdirSync(join(chartFolder, 'ci'))
  const minimal = withDefaults(readFileSync(join(chartFolder, 'ci/minimal-values.yaml'), 'utf8'))

  test('has the version of the service', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string }
    expect(YAML.parse(read('deploy/helm/orders/Chart.yaml'))).toMatchObject({ version, appVersion: version })
  })

  test('uses the rules and dashboards of monitoring/', () => {
    expect(realpathSync(join(chartFolder, 'rules'))).toBe(realpathSync(rulesFolder))
    expect(realpathSync(join(chartFolder, 'dashboards'))).toBe(join(root, 'monitoring/grafana/dashboards'))
  })

  test('the groups of its rules have unique names, as the operator requires', () => {
    const files = readdirSync(rulesFolder).filter(name => name.endsWith('.rules.yml'))
    const names = files.flatMap(file => {
      const { groups } = YAML.parse(readFileSync(join(rulesFolder, file), 'utf8')) as { groups: { name: string }[] }
      return groups.map(({ name }) => name)
    })
    expect(new Set(names).size).toBe(names.length)
  })

  test.each(sets)('accepts %s', name => {
    check(withDefaults(readFileSync(join(chartFolder, 'ci', name), 'utf8')))
    expect(check.errors ?? []).toEqual([])
  })

  const wrong: [string, string, string][] = [
    ['no database', 'database: { host: }', '/database'],
    ['a database in a folder', 'database: { host: /var/run/postgresql }', '/database/host'],
    ['a password that is said', 'database: { password: secret }', '/database'],
    ['a password among the settings', 'config: { DB_PASSWORD: secret }', '/config'],
    ['a folder for a database of its own', 'config: { DATA_DIR: /data }', '/config'],
    ['a folder for a database of its own by another way', 'extraEnv: [{ name: DATA_DIR }]', '/extraEnv/0/name'],
    ['a setting that there is not', 'config: { CACHE_SIZE: 1 }', '/config'],
    ['a setting that is too small', 'config: { CACHE_MAX_BYTES: 1000 }', '/config/CACHE_MAX_BYTES'],
    ['a broker without its port', 'kafka: { brokers: [kafka] }', '/kafka/brokers/0'],
    ['a password for Kafka that is said', 'config: { KAFKA_SASL_PASSWORD: secret }', '/config'],
    ['one that the migration would get too', 'extraEnv: [{ name: KAFKA_SASL_PASSWORD }]', '/extraEnv/0/name'],
    ['a value that there is not', 'replica: 3', ''],
    ['no instance', 'autoscaling: { minReplicas: 0 }', '/autoscaling/minReplicas'],
    ['an ingress without a host', 'ingress: { enabled: true }', '/ingress/hosts'],
  ]
  test.each(wrong)('refuses %s', (_, values, place) => {
    expect(check(minimal)).toBe(true)
    expect(check(withDefaults(values, minimal))).toBe(false)
    expect(check.errors?.map(({ instancePath }) => instancePath)).toContain(place)
  })
})
