import type { Route } from '../platform/http.ts'
import type { DependencyState } from './views.ts'

export type { DependencyState }

/** Probes a dependency. Answers within two seconds, and does not throw. */
export type Probe = () => Promise<DependencyState>

/** How long an answer is reused: health checks must not become a load. */
const freshMs = 500

/** Whether orders can be accepted, and the state of each dependency. */
export type Readiness = { isReady: boolean; dependencies: Record<string, DependencyState> }

/**
 * Makes the readiness check. Its answers are shared by all callers.
 *
 * @param probes by name; those named in `needed` must be up for the service to be ready. Kafka need not be: HTTP works without it
 */
export function createHealth(options: {
  probes: Readonly<Record<string, Probe>>
  needed: readonly string[]
  isStopping: () => boolean
}): () => Promise<Readiness> {
  let latest: { atMs: number; states: Promise<Record<string, DependencyState>> } | undefined
  function states(): Promise<Record<string, DependencyState>> {
    if (latest === undefined || performance.now() - latest.atMs > freshMs) {
      const asked = Promise.all(
        Object.entries(options.probes).map(async ([name, probe]) => [name, await probe()] as const),
      )
      latest = { atMs: performance.now(), states: asked.then(Object.fromEntries) }
    }
    return latest.states
  }
  return async () => {
    const dependencies = await states()
    return {
      dependencies,
      isReady: !options.isStopping() && options.needed.every(name => dependencies[name]?.state === 'up'),
    }
  }
}

/**
 * Health over HTTP. `/livez`: the process answers. `/readyz`: it can accept orders, with the state of each dependency.
 * `/health`: the same in short.
 */
export function healthRoutes(readiness: () => Promise<Readiness>): Route[] {
  const statusOf = (isReady: boolean) => ({ status: isReady ? 200 : 503 })
  const get = { method: 'GET', scope: 'public' } as const
  return [
    { ...get, path: '/livez', handle: () => Response.json({ status: 'ok' }) },
    {
      ...get,
      path: '/readyz',
      async handle() {
        const { dependencies, isReady } = await readiness()
        return Response.json({ status: isReady ? 'ready' : 'not ready', dependencies }, statusOf(isReady))
      },
    },
    {
      ...get,
      path: '/health',
      async handle() {
        const { isReady } = await readiness()
        return Response.json({ status: isReady ? 'ok' : 'unavailable' }, statusOf(isReady))
      },
    },
  ]
}
