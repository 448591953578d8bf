import { Worker } from 'node:worker_threads'

/** How a service behaved while something was done to it. */
export type Watched = {
  /** The longest time in which /livez gave no answer, in milliseconds. */
  silenceMs: number
  /** The most memory that the process had, in MiB; 0 where the system does not tell. */
  memoryMiB: number
}

/**
 * Asks a service for /livez without a pause, from a thread of its own, so that the test's own work does not look like silence.
 *
 * @param url of the service, and the number of its process
 * @returns what ends the watch and tells what was seen; `follow` goes on with a service that was started again
 */
export function watchService(
  url: string,
  pid: number,
): { follow(url: string, pid: number): void; end(): Promise<Watched> } {
  const worker = new Worker(new URL('./fault-watch-thread.ts', import.meta.url), { workerData: { url, pid } })
  return {
    follow: (nextUrl, nextPid) => worker.postMessage({ url: nextUrl, pid: nextPid }),
    async end() {
      const seen = new Promise<Watched>((resolve, reject) => {
        worker.once('message', resolve)
        worker.once('error', reject)
      })
      worker.postMessage('end')
      const watched = await seen
      await worker.terminate()
      return watched
    },
  }
}
