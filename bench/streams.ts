import { join } from 'node:path'

/** The task of the readers of live events, which are a separate process. */
export type StreamReaders = {
  port: number
  readers: number
  /** A cursor to begin behind; from now on when undefined. */
  after?: string
  /** The number of events that each waits for. */
  events: number
  /** Whether to record the age of each event on arrival; for one reader. */
  measuresDelays?: boolean
}

export type StreamReadersResult = {
  /** From the first event that came to any to the last event of the last. */
  seconds: number
  delaysMs: number[]
  processorSeconds: number
}

/**
 * Starts readers and waits until their streams have begun.
 *
 * @returns their process, its result when each has had all its events, and what ends it before that
 */
export async function startStreamReaders(
  readers: StreamReaders,
): Promise<{ pid: number; result: Promise<StreamReadersResult>; stop(): Promise<void> }> {
  const child = Bun.spawn([process.execPath, '--no-env-file', join(import.meta.dirname, 'stream-readers.ts')], {
    stdin: new Blob([JSON.stringify(readers)]),
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const begun = Promise.withResolvers<void>()
  const result = (async () => {
    let output = ''
    const decoder = new TextDecoder()
    for await (const chunk of child.stdout) {
      output += decoder.decode(chunk, { stream: true })
      if (output.startsWith('begun\n')) begun.resolve()
    }
    if ((await child.exited) !== 0) throw new Error('the readers of events did not come to their end')
    return JSON.parse(output.slice('begun\n'.length)) as StreamReadersResult
  })()
  result.catch(begun.reject)
  await begun.promise
  return {
    pid: child.pid,
    result,
    async stop() {
      child.kill()
      await result.catch(() => undefined)
    },
  }
}
