import { join } from 'node:path'

/** The task of the load generator. It is a separate process, so that it does not share an event loop with the benchmark. */
export type Load = {
  port: number
  /** Connections that are kept; each has one request under way at a time. */
  connections: number
  /** The measured duration, after a warm-up. */
  seconds: number
  warmUpSeconds: number
  /** Requests a second; as many as are answered when undefined. */
  ratePerSecond?: number
  headers?: Record<string, string>
  /**
   * GETs these paths in turn, POSTs orders, each another, to /api/orders, pays orders that are there, each once, or checks out carts of
   * items that are numbered from 1: requests one after another, which count as one.
   */
  requests:
    | { kind: 'get'; paths: readonly string[] }
    | { kind: 'post-orders' }
    | { kind: 'pay-orders' }
    | { kind: 'check-out'; items: number }
}

/** Its measurements. Times are in milliseconds, from the first byte sent to the last received. */
export type LoadResult = {
  /** Answers with a status of 2xx, a second; of requests one after another the last one is counted. */
  perSecond: number
  p50Ms: number
  p99Ms: number
  maxMs: number
  /** All answers with a status of 2xx, those of the warm-up too. */
  succeeded: number
  /** Other responses and broken connections, by kind. */
  failures: Record<string, number>
  /** The CPU use of the generator, in cores: near 1 it is the bottleneck. */
  generatorCores: number
}

/**
 * Puts load on a server.
 *
 * @throws Error when the generator fails
 */
export async function runLoad(load: Load): Promise<LoadResult> {
  const child = Bun.spawn([process.execPath, '--no-env-file', join(import.meta.dirname, 'load-generator.ts')], {
    stdin: new Blob([JSON.stringify(load)]),
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const output = await new Response(child.stdout).text()
  if ((await child.exited) !== 0) throw new Error(`the load generator ended with ${child.exitCode}`)
  return JSON.parse(output) as LoadResult
}

/** The answers that were no success, as a sentence; undefined when there were none. */
export function describeFailures(result: LoadResult): string | undefined {
  const kinds = Object.entries(result.failures)
  return kinds.length === 0 ? undefined : `failures: ${kinds.map(([kind, count]) => `${count} × ${kind}`).join(', ')}`
}
