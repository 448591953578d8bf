/** What a panel shows: an expression of PromQL, and what its lines are called, with labels as {{label}}. */
export type Query = { expr: string; legend: string }

export type Panel = {
  title: string
  /** What it tells, and what is healthy. */
  description: string
  /** One of Grafana's units: `ops`, `s`, `bytes`, `percentunit`, `short`, … */
  unit: string
  /** A line over time unless given; `stat`: the present value, large. */
  kind?: 'stat'
  /** From which value on it is yellow, and from which red; `below`: the other way round. */
  limits?: { warn: number; bad: number; below?: true }
  /** Lines on top of each other, where their sum means something. */
  isStacked?: true
  /** What stands there when there is nothing to show, because that part is not configured. */
  without?: string
  queries: readonly Query[]
}

export type Dashboard = {
  uid: string
  title: string
  description: string
  rows: readonly { title: string; panels: readonly Panel[] }[]
}

/** The labels that keep an expression to the instances that are chosen at the top of the dashboard. */
export const chosen = 'job="orders", instance=~"$instance"'

/** One query with one line. */
export function one(expr: string, legend: string): readonly Query[] {
  return [{ expr, legend }]
}

const columns = 24
const source = { type: 'prometheus', uid: 'prometheus' }
const heights = { stat: 4, line: 8, row: 1 }

/** A dashboard as Grafana reads it from a file. */
export function grafanaJson(dashboard: Dashboard): Record<string, unknown> {
  const panels: Record<string, unknown>[] = []
  let y = 0
  for (const row of dashboard.rows) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title: row.title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: columns, h: heights.row },
    })
    y += heights.row
    const w = Math.floor(columns / row.panels.length)
    const h = row.panels.every(({ kind }) => kind === 'stat') ? heights.stat : heights.line
    for (const [index, panel] of row.panels.entries()) {
      panels.push({ id: panels.length + 1, ...panelJson(panel), gridPos: { x: index * w, y, w, h } })
    }
    y += h
  }
  return {
    uid: dashboard.uid,
    title: dashboard.title,
    description: dashboard.description,
    tags: ['orders'],
    schemaVersion: 41,
    editable: false,
    graphTooltip: 1,
    refresh: '10s',
    time: { from: 'now-30m', to: 'now' },
    timezone: 'browser',
    templating: { list: [instances] },
    links: [
      { type: 'dashboards', tags: ['orders'], title: 'Orders', asDropdown: true, keepTime: true, includeVars: true },
    ],
    annotations: { list: [alerts] },
    panels,
  }
}

const instances = {
  name: 'instance',
  label: 'Instance',
  type: 'query',
  datasource: source,
  query: { query: 'label_values(up{job="orders"}, instance)', refId: 'instances' },
  refresh: 2,
  sort: 1,
  multi: true,
  includeAll: true,
  allValue: '.*',
  current: { text: 'All', value: '$__all' },
}

/** Every alert that fires is a mark on every panel. */
const alerts = {
  name: 'Alerts',
  enable: true,
  datasource: source,
  expr: 'ALERTS{alertstate="firing"}',
  titleFormat: '{{alertname}}',
  textFormat: '{{instance}}',
  iconColor: 'red',
  step: '10s',
}

function panelJson(panel: Panel): Record<string, unknown> {
  const { title, description, unit, limits, kind, without } = panel
  const isStat = kind === 'stat'
  return {
    type: isStat ? 'stat' : 'timeseries',
    title,
    description,
    datasource: source,
    targets: panel.queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: source,
      expr,
      legendFormat: legend,
      ...(isStat ? { instant: true } : { range: true }),
    })),
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...(without === undefined ? {} : { noValue: without }),
        thresholds: { mode: 'absolute', steps: stepsOf(limits) },
        color: { mode: isStat ? 'thresholds' : 'palette-classic' },
        ...(isStat ? {} : { custom: lines(panel) }),
      },
      overrides: [],
    },
    options: isStat
      ? {
          colorMode: limits === undefined ? 'none' : 'background',
          graphMode: 'none',
          reduceOptions: { calcs: ['lastNotNull'] },
        }
      : {
          legend: { displayMode: 'table', placement: 'bottom', calcs: ['lastNotNull', 'max'] },
          tooltip: { mode: 'multi', sort: 'desc' },
        },
  }
}

function lines({ isStacked, limits }: Panel): Record<string, unknown> {
  return {
    fillOpacity: isStacked ? 40 : 10,
    lineWidth: 1,
    showPoints: 'never',
    stacking: { mode: isStacked ? 'normal' : 'none' },
    thresholdsStyle: { mode: limits === undefined ? 'off' : 'line' },
  }
}

function stepsOf(limits: Panel['limits']): { color: string; value: number | null }[] {
  if (limits === undefined) return [{ color: 'green', value: null }]
  const { warn, bad, below } = limits
  const [low, high] = below ? ['red', 'green'] : ['green', 'red']
  const [first, second] = below ? [bad, warn] : [warn, bad]
  return [
    { color: low, value: null },
    { color: 'yellow', value: first },
    { color: high, value: second },
  ]
}
