import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Dashboard, grafanaJson } from '../monitoring/dashboards/dashboard.ts'
import { events } from '../monitoring/dashboards/events.ts'
import { intake } from '../monitoring/dashboards/intake.ts'
import { overview } from '../monitoring/dashboards/overview.ts'
import { postgres } from '../monitoring/dashboards/postgres.ts'
import { runtime } from '../monitoring/dashboards/runtime.ts'

/** The dashboards by the names of their files. */
export const dashboards: Readonly<Record<string, Dashboard>> = { overview, intake, events, postgres, runtime }

/** Where Grafana reads them. */
export const dashboardsFolder = join(import.meta.dirname, '..', 'monitoring', 'grafana', 'dashboards')

/** A dashboard as the text of its file. */
export function dashboardText(dashboard: Dashboard): string {
  return `${JSON.stringify(grafanaJson(dashboard), null, 2)}\n`
}

if (import.meta.main) {
  mkdirSync(dashboardsFolder, { recursive: true })
  for (const [name, dashboard] of Object.entries(dashboards)) {
    writeFileSync(join(dashboardsFolder, `${name}.json`), dashboardText(dashboard))
  }
}
