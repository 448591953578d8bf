import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type Dashboard, grafanaJson } from '../monitoring/dashboards/dashboard.ts'

const described = join(import.meta.dirname, '..', 'monitoring', 'dashboards')

/** Every dashboard by the name of its file. The folder is the list: each file exports one, and `dashboard.ts` is what they share. */
export const dashboards: Readonly<Record<string, Dashboard>> = Object.fromEntries(
  await Promise.all(
    readdirSync(described)
      .filter(name => name.endsWith('.ts') && name !== 'dashboard.ts')
      .map(async name => [basename(name, '.ts'), await dashboardIn(name)] as const),
  ),
)

/** @throws Error for a file that does not export exactly one dashboard */
async function dashboardIn(name: string): Promise<Dashboard> {
  const exported = Object.values((await import(join(described, name))) as Record<string, Dashboard>)
  const [dashboard] = exported
  if (dashboard === undefined || exported.length > 1) throw new Error(`${name} must export one dashboard`)
  return dashboard
}

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
