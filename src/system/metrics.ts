import { readDisk } from '../platform/disk.ts'
import type { Route } from '../platform/http.ts'
import { Gauge, type Registry, recordReadings } from '../platform/metrics.ts'
import type { Pool } from '../platform/postgres.ts'
import type { Probe } from './health.ts'

/**
 * The metrics of what the service stands on: its dependencies, its database, its disk; and which version it is.
 *
 * @param options dataDir: where the own database is or would be
 */
export function recordSystem(
  registry: Registry,
  options: { version: string; probes: Readonly<Record<string, Probe>>; pool: Pool; dataDir: string },
): void {
  const { version, probes, pool, dataDir } = options
  new Gauge({
    name: 'orders_build_info',
    help: 'Always 1; its label says which version this is',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version }, 1)
  recordReadings(
    registry,
    {
      name: 'dependency_up',
      help: '1 if it answers, 0 if not; one that is not configured is absent',
      labelNames: ['dependency'],
    },
    async () => {
      const asked = Object.entries(probes).map(async ([name, probe]) => ({ name, ...(await probe()) }))
      const states = (await Promise.all(asked)).filter(({ state }) => state !== 'off')
      return states.map(({ name, state }) => ({ labels: { dependency: name }, value: state === 'up' ? 1 : 0 }))
    },
  )
  recordReadings(registry, { name: 'database_size_bytes', help: 'Size of the database on its disk' }, async () => {
    const { rows } = await pool.query<{ size: number }>('select pg_database_size(current_database())::float8 as size')
    return rows.map(({ size }) => ({ value: size }))
  })
  recordReadings(
    registry,
    {
      name: 'disk_bytes',
      help: 'The file system of DATA_DIR: its size, and what can still be used',
      labelNames: ['of'],
    },
    async () => {
      const { sizeBytes, availableBytes } = await readDisk(dataDir)
      return [
        { labels: { of: 'size' }, value: sizeBytes },
        { labels: { of: 'available' }, value: availableBytes },
      ]
    },
  )
}

/** What Prometheus scrapes. */
export function metricsRoute(registry: Registry): Route {
  const handle = async () =>
    new Response(await registry.metrics(), { headers: { 'content-type': registry.contentType } })
  return { method: 'GET', path: '/metrics', scope: 'public', handle }
}
