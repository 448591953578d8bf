import type { Route } from '../platform/http.ts'
import { answer } from '../platform/openapi.ts'
import type { Setting } from '../platform/variables.ts'
import type { Readiness } from './health.ts'
import { type Lags, type SettingView, type SystemView, systemView } from './views.ts'

export type SystemOptions = {
  version: string
  /** Milliseconds since 1970. */
  startedAtMs: number
  readiness: () => Promise<Readiness>
  /** Does not throw: the page is of most use when something is down. */
  lags: () => Promise<Lags>
  settings: readonly Setting[]
  /** Whether a caller needs an API key. */
  needsKey: () => boolean
  grafanaUrl: string | undefined
  /** Pages beside the web UI; to be asked once all modules are started. */
  pages: () => SystemView['pages']
}

/** The service as it runs, over HTTP, for admins. It answers while its dependencies are down. */
export function systemRoutes(options: SystemOptions): Route[] {
  const { version, startedAtMs, readiness, lags, settings, needsKey, grafanaUrl, pages } = options
  const operation = {
    operationId: 'getSystem',
    summary: 'The service as it runs',
    description: 'Its version, dependencies, lags and configuration, without secrets.',
    tags: ['system'],
    responses: { 200: answer('As it is now', systemView) },
  }
  const handle = async () => {
    const [{ isReady, dependencies }, behind] = await Promise.all([readiness(), lags()])
    const system: SystemView = {
      version,
      runtime: `Bun ${Bun.version} on ${process.platform} ${process.arch}`,
      started_at: new Date(startedAtMs).toISOString(),
      memory_bytes: process.memoryUsage.rss(),
      is_ready: isReady,
      dependencies,
      lags: behind,
      settings: settings.map(toSettingJson),
      needs_key: needsKey(),
      grafana_url: grafanaUrl ?? null,
      pages: pages(),
    }
    return Response.json(system)
  }
  return [{ method: 'GET', path: '/api/system', scope: 'admin', operation, handle }]
}

function toSettingJson({ name, value, isDefault, isSecret }: Setting): SettingView {
  return { name, value, is_default: isDefault, is_secret: isSecret }
}
