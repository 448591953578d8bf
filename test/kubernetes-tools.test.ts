import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { YAML } from 'bun'
import {
  chartFolder,
  helmTemplate,
  kubernetesVersion,
  manifests,
  manifestsFolder,
  plainValues,
} from '../scripts/render-manifests.ts'
import { dashboards } from '../scripts/write-dashboards.ts'
import { firstOf, parseManifests } from './manifests.ts'
import { rulesFolder } from './monitoring-rules.ts'

/** What Helm, kubeconform and Kubernetes' own schemas say of the chart and of the manifests. */

setDefaultTimeout(60_000)

/** Where a program is; where it is not, what it would have tested is said to be skipped. */
function locate(program: string, what: string, source: string): string | undefined {
  const path = Bun.which(program) ?? undefined
  if (path === undefined) console.error(`SKIPPED: ${what}. Install ${program} (${source}).`)
  return path
}

const helm = locate('helm', 'the rendering of the chart', 'Go: helm.sh/helm/v3/cmd/helm')
const kubernetesValidate = locate('kubernetes-validate', 'the schemas of Kubernetes', 'PyPI: kubernetes-validate')
const kubeconform = locate('kubeconform', 'kubeconform', 'Go: github.com/yannh/kubeconform/cmd/kubeconform')

/** The oldest that the chart takes, one between, and the newest that there are schemas of. */
const versions = [kubernetesVersion, '1.34.0', '1.37.0']

/** Kinds that Kubernetes does not bring itself. */
const foreign = ['ServiceMonitor', 'PrometheusRule', 'Kustomization']

const sets = readdirSync(join(chartFolder, 'ci'))
const folder = mkdtempSync(join(tmpdir(), 'orders-kubernetes-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function run(program: string, args: readonly string[]): { exitCode: number; output: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync([program, ...args])
  return { exitCode, output: `${stdout}${stderr}` }
}

/** The kinds that Kubernetes brings, of all that is committed and all that is rendered, as a file each. */
let files: string[] = []
beforeAll(() => {
  const committed = readdirSync(manifestsFolder).map(name => readFileSync(join(manifestsFolder, name), 'utf8'))
  const rendered = helm === undefined ? [] : sets.map(name => helmTemplate(['--values', join(chartFolder, 'ci', name)]))
  files = [...committed, ...rendered]
    .flatMap(parseManifests)
    .filter(({ kind }) => !foreign.includes(kind))
    .map((manifest, index) => {
      const path = join(folder, `${index}-${manifest.kind}.json`)
      writeFileSync(path, JSON.stringify(manifest))
      return path
    })
})

describe.skipIf(helm === undefined)('Helm', () => {
  test.each(sets)('finds nothing wrong with %s', name => {
    const values = ['--values', join(chartFolder, 'ci', name)]
    const common = ['--strict', '--quiet', '--kube-version', kubernetesVersion]
    const { exitCode, output } = run(helm ?? '', ['lint', chartFolder, ...common, ...values])
    // It tells of each link that it follows.
    expect(output.replace(/^walk\.go:.*\n/gm, '').trim()).toBe('')
    expect(exitCode).toBe(0)
  })

  test('renders what is committed', () => {
    const rendered = manifests(helmTemplate(['--values', plainValues]))
    expect([...rendered.keys()].sort()).toEqual(readdirSync(manifestsFolder).sort())
    for (const [name, text] of rendered) expect(readFileSync(join(manifestsFolder, name), 'utf8')).toBe(text)
  })

  test('passes rules and dashboards on unchanged', () => {
    const everything = parseManifests(helmTemplate(['--values', join(chartFolder, 'ci/everything-values.yaml')]))
    const groups = readdirSync(rulesFolder)
      .filter(name => name.endsWith('.rules.yml'))
      .sort()
      .flatMap(name => (YAML.parse(readFileSync(join(rulesFolder, name), 'utf8')) as { groups: unknown[] }).groups)
    expect(firstOf(everything, 'PrometheusRule').spec).toEqual({ groups })
    const { data } = firstOf(
      everything.filter(({ metadata }) => metadata.name === 'shop-dashboards'),
      'ConfigMap',
    )
    expect(Object.keys(data).sort()).toEqual(
      Object.keys(dashboards)
        .map(name => `${name}.json`)
        .sort(),
    )
  })

  test('writes numbers as given, and each broker’s port into the network policy', () => {
    const brokers = 'kafka.brokers=["a:9092","b:9093","c:9092"]'
    const config =
      'config={"CACHE_MAX_BYTES":1073741824,"OTEL_TRACES_SAMPLER_ARG":0.05,"OTEL_EXPORTER_OTLP_ENDPOINT":"https://c/v1"}'
    const rendered = parseManifests(
      helmTemplate(['--values', plainValues, '--set-json', brokers, '--set-json', config]),
    )
    expect(firstOf(rendered, 'ConfigMap').data).toMatchObject({
      KAFKA_BROKERS: 'a:9092,b:9093,c:9092',
      CACHE_MAX_BYTES: '1073741824',
    })
    const { egress } = firstOf(rendered, 'NetworkPolicy').spec as { egress: { ports: { port: number }[] }[] }
    const ports = egress.map(rule => rule.ports.map(({ port }) => port))
    expect(ports).toEqual([[53, 53], [5432], [9092, 9093], [443], [443]])
  })

  test('without values it names the required ones', () => {
    for (const place of ['/image', '/database', '/apiKeys'])
      expect(() => helmTemplate([])).toThrow(`at '${place}': missing`)
  })

  test.each([
    ['database.host="/var/run"', '/database/host'],
    ['config.DATA_DIR="/data"', "'DATA_DIR' not allowed"],
    ['config.CACHE_MAX_BYTES=1', '/config/CACHE_MAX_BYTES'],
    ['replica=3', "'replica' not allowed"],
    ['kafka.brokers=[],config.KAFKA_TOPIC="orders"', 'kafka.brokers is not'],
    ['config.KAFKA_SECURITY_PROTOCOL="SASL_SSL"', 'kafka.existingSecret is not set'],
    ['kafka.existingSecret="kafka"', 'config.KAFKA_SECURITY_PROTOCOL is neither'],
    ['autoscaling.minReplicas=9', 'autoscaling.minReplicas must not be more than autoscaling.maxReplicas'],
    ['preStopSeconds=90', 'must be more than preStopSeconds'],
  ])('refuses %s and says why', (wrong, says) => {
    expect(() => helmTemplate(['--values', plainValues, '--set-json', wrong])).toThrow(says)
  })
})

describe.skipIf(kubernetesValidate === undefined)('the schemas of Kubernetes', () => {
  test.each(versions)('accept everything in %s', version => {
    const { exitCode, output } = run(kubernetesValidate ?? '', ['--strict', '--quiet', '-k', version, ...files])
    expect(output).toBe('')
    expect(exitCode).toBe(0)
  })

  test('reject an unknown field', () => {
    const path = join(folder, 'wrong.json')
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'wrong' }, spec: { port: 80 } }
    writeFileSync(path, JSON.stringify(service))
    const { exitCode } = run(kubernetesValidate ?? '', ['--strict', '-k', kubernetesVersion, path])
    expect(exitCode).not.toBe(0)
  })
})

describe.skipIf(kubeconform === undefined || kubernetesValidate === undefined)('kubeconform', () => {
  test.each(versions)('accepts everything in %s', version => {
    const location = schemasForKubeconform(version)
    const args = [
      '-strict',
      '-summary',
      '-output',
      'json',
      '-kubernetes-version',
      version,
      '-schema-location',
      location,
    ]
    const { summary } = JSON.parse(run(kubeconform ?? '', [...args, ...files]).output) as { summary: object }
    expect(summary).toEqual({ valid: files.length, invalid: 0, errors: 0, skipped: 0 })
  })
})

/**
 * The schemas that kubernetes-validate brings, as kubeconform can read them: theirs refer to each other by addresses, which it
 * would look up.
 *
 * @returns the pattern of the files' names
 */
function schemasForKubeconform(version: string): string {
  const program = kubernetesValidate ?? ''
  const python = readFileSync(program, 'utf8').split('\n')[0]?.slice('#!'.length) ?? ''
  const { output } = run(python, ['-c', 'import kubernetes_validate; print(kubernetes_validate.__file__)'])
  const source = join(dirname(output.trim()), 'kubernetes-json-schema', `v${version}-local-strict`)
  const target = join(folder, version)
  mkdirSync(target)
  for (const name of readdirSync(source)) {
    const text = readFileSync(join(source, name), 'utf8').replaceAll('"/api/_definitions.json', '"_definitions.json')
    const { $id, ...schema } = JSON.parse(text) as { $id: string }
    writeFileSync(join(target, name), JSON.stringify(schema))
  }
  return join(target, '{{.ResourceKind}}{{.KindSuffix}}.json')
}
