import { spawn } from 'node:child_process'

/**
 * The server outlives its service by design, but must not outlive a test run, however that ends. A shell waits for the
 * end of its input, which comes when this process is gone, and then ends the server and removes its data.
 *
 * @param dataDir of the server; it need not run yet
 * @returns ends the watch, and whatever is left in dataDir with it
 */
export function endWithThisProcess(dataDir: string): () => void {
  const script = `
    read -r _
    pid=$(head -n 1 "$0/postgres/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid"
    for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2>/dev/null || break; sleep 0.2; done
    rm -rf "$0"`
  const watch = spawn('sh', ['-c', script, dataDir], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  watch.unref()
  return () => watch.stdin.end()
}
