import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { YAML } from 'bun'
import { grafanaJson } from '../monitoring/dashboards/dashboard.ts'
import { dashboards, dashboardsFolder, dashboardText } from '../scripts/write-dashboards.ts'
import { isInstalled, readRules, rulesFolder, seriesOf } from './monitoring-rules.ts'

setDefaultTimeout(60_000)

const root = join(import.meta.dirname, '..')
const rules = readRules()
const alerts = rules.filter(rule => rule.alert !== undefined)
const hasPromtool = isInstalled('promtool', 'the tests of the alert rules')

function promtool(args: readonly string[], cwd: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd, encoding: 'utf8' })
  return { status, output: stdout + stderr }
}

describe('the rules', () => {
  test.skipIf(!hasPromtool)('are valid, as prometheus.yml reads them', () => {
    const { status, output } = promtool(['check', 'config', 'prometheus.yml'], root)
    expect(output).toContain(`SUCCESS: ${readdirSync(rulesFolder).length / 2} rule files found`)
    expect(status).toBe(0)
  })

  test.skipIf(!hasPromtool)('pass their tests', () => {
    const files = readdirSync(rulesFolder).filter(name => name.endsWith('.test.yml'))
    const { status, output } = promtool(['test', 'rules', ...files], rulesFolder)
    expect(output).not.toContain('FAILED')
    expect(status).toBe(0)
  })

  test('have a test file each, in which each alert fires', () => {
    const silent = alerts.filter(({ file, alert }) => {
      const tests = readFileSync(join(rulesFolder, file.replace('.rules.yml', '.test.yml')), 'utf8')
      return !tests.includes(`alertname="${alert}", alertstate="firing"`)
    })
    expect(silent.map(({ alert }) => alert)).toEqual([])
  })

  test('give each alert a severity, a summary and a section of the runbook', () => {
    expect(alerts.length).toBeGreaterThan(15)
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length)
    expect(alerts.filter(({ labels }) => !['critical', 'warning'].includes(labels?.severity ?? ''))).toEqual([])
    const lines = readFileSync(join(root, 'docs/operations.md'), 'utf8').split('\n')
    const wrong = alerts.filter(({ alert = '', annotations }) => {
      const { summary, description, runbook } = annotations ?? {}
      const heading = lines.indexOf(`### ${alert}`)
      const section = lines.slice(heading + 1, heading + 6).join(' ')
      const isDescribed = heading > 0 && section.trim().length > 80 && !section.trim().startsWith('#')
      return !summary || !description || runbook !== `docs/operations.md#${alert.toLowerCase()}` || !isDescribed
    })
    expect(wrong.map(({ alert }) => alert)).toEqual([])
  })

  test('the runbook has no section for a missing alert', () => {
    const [, runbook = ''] = readFileSync(join(root, 'docs/operations.md'), 'utf8').split('\n## Alerts\n')
    const headings = [...(runbook.split('\n## ')[0] ?? '').matchAll(/^### (\w+)$/gm)].map(match => match[1])
    expect(headings.toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted())
  })

  test('name series in the form that the check of series understands', () => {
    expect(seriesOf('sum by (job) (rate(a_total{b="c", d=~"e.*"}[5m])) / on (job) max(x:y:z) > 14.4 * 0.001')).toEqual([
      'a_total',
      'x:y:z',
    ])
    expect(seriesOf('time() - min(a_seconds{b="c"}) or vector(0) and d offset 15m')).toEqual(['a_seconds', 'd'])
    expect(rules.filter(({ expr }) => seriesOf(expr).length === 0)).toEqual([])
  })
})

describe('Grafana', () => {
  const built = Object.entries(dashboards)

  test('its dashboards are up to date; otherwise run: make dashboards', () => {
    expect(readdirSync(dashboardsFolder).toSorted()).toEqual(built.map(([name]) => `${name}.json`).toSorted())
    for (const [name, dashboard] of built) {
      expect(readFileSync(join(dashboardsFolder, `${name}.json`), 'utf8')).toBe(dashboardText(dashboard))
    }
  })

  test('each has a unique uid, and each panel a title, a description, a unit and its own position', () => {
    expect(new Set(built.map(([, { uid }]) => uid)).size).toBe(built.length)
    for (const [, dashboard] of built) {
      const panels = dashboard.rows.flatMap(row => row.panels)
      expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length)
      expect(panels.filter(({ unit, description }) => unit === '' || !description.endsWith('.'))).toEqual([])
      const placed = grafanaJson(dashboard).panels as { id: number; gridPos: { x: number; y: number; w: number } }[]
      expect(new Set(placed.map(({ id }) => id)).size).toBe(placed.length)
      expect(new Set(placed.map(({ gridPos: { x, y } }) => `${x} ${y}`)).size).toBe(placed.length)
      expect(placed.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([])
    }
  })

  test('each filters by the chosen instances where a figure is per instance', () => {
    const expressions = built.flatMap(([, { rows }]) =>
      rows.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries.map(({ expr }) => expr))),
    )
    const ofOne =
      /\b(orders_(received|waiting|group|cache|build)|process_|nodejs_|database_connections|dependency_up)\w*/
    expect(expressions.filter(expr => ofOne.test(expr) && !expr.includes('$instance'))).toEqual([])
  })

  test('is provisioned with the source and the folder that the dashboards and docker-compose.yml name', () => {
    const read = (path: string) => readFileSync(join(root, path), 'utf8')
    const provisioning = 'monitoring/grafana/provisioning'
    const { datasources } = YAML.parse(read(`${provisioning}/datasources/prometheus.yml`)) as {
      datasources: { uid: string; url: string }[]
    }
    expect(datasources).toMatchObject([{ uid: 'prometheus', url: 'http://prometheus:9090' }])
    for (const [, dashboard] of built) expect(dashboardText(dashboard)).toContain('"uid": "prometheus"')
    const { providers } = YAML.parse(read(`${provisioning}/dashboards/orders.yml`)) as {
      providers: { options: { path: string } }[]
    }
    const [folder = ''] = providers.map(({ options }) => options.path)
    expect(read('docker-compose.yml')).toContain(`./monitoring/grafana/dashboards:${folder}:ro`)
    expect(read('docker-compose.yml')).toContain(`HOME_DASHBOARD_PATH: ${folder}/overview.json`)
  })
})
