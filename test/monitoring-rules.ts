import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { YAML } from 'bun'
import { dashboards } from '../scripts/write-dashboards.ts'

/** The folder of the rules and of their tests. */
export const rulesFolder = join(import.meta.dirname, '..', 'monitoring', 'rules')

export type Rule = {
  file: string
  record?: string
  alert?: string
  expr: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
}

/** Every rule of every file. */
export function readRules(): Rule[] {
  return readdirSync(rulesFolder)
    .filter(name => name.endsWith('.rules.yml'))
    .flatMap(file => {
      const { groups } = YAML.parse(readFileSync(join(rulesFolder, file), 'utf8')) as { groups: { rules: Rule[] }[] }
      return groups.flatMap(({ rules }) => rules.map(rule => ({ ...rule, file })))
    })
}

/** Every query of every dashboard, with where it stands. */
export function dashboardQueries(): { place: string; expr: string }[] {
  return Object.values(dashboards).flatMap(({ title, rows }) =>
    rows.flatMap(row =>
      row.panels.flatMap(panel => panel.queries.map(({ expr }) => ({ place: `${title}, ${panel.title}`, expr }))),
    ),
  )
}

const words = new Set(['and', 'or', 'unless', 'by', 'without', 'on', 'ignoring', 'offset', 'bool', 'group_left'])

/** The names of the series that an expression of PromQL asks for. */
export function seriesOf(expr: string): string[] {
  const bare = expr
    .replace(/"[^"]*"/g, '')
    .replace(/\{[^}]*\}|\[[^\]]*\]/g, ' ')
    .replace(/\b(by|without|on|ignoring|group_left)\s*\([^)]*\)/g, ' ')
  return [...bare.matchAll(/(?<![\w.:$])[a-zA-Z_:][\w:]*(?!\w*\s*\()/g)]
    .map(match => match[0])
    .filter(name => !words.has(name) && !/^\d/.test(name))
}

/**
 * The names that the kafka exporter gives its series, from its documentation of version 1.10.0; those of consumer groups kept by
 * ZooKeeper are left out.
 */
export const kafkaExporterSeries: readonly string[] = [
  'kafka_brokers',
  'kafka_broker_info',
  'kafka_topic_partitions',
  'kafka_topic_partition_current_offset',
  'kafka_topic_partition_oldest_offset',
  'kafka_topic_partition_in_sync_replica',
  'kafka_topic_partition_leader',
  'kafka_topic_partition_leader_is_preferred',
  'kafka_topic_partition_replicas',
  'kafka_topic_partition_under_replicated_partition',
  'kafka_consumergroup_current_offset',
  'kafka_consumergroup_current_offset_sum',
  'kafka_consumergroup_lag',
  'kafka_consumergroup_lag_sum',
  'kafka_consumergroup_members',
]

/** Whether a program is installed; where it is not, reports once which tests are skipped. */
export function isInstalled(program: string, what: string): boolean {
  const found = spawnSync(program, ['--version']).status === 0
  if (!found) console.error(`SKIPPED: ${what}. Install ${program}.`)
  return found
}
