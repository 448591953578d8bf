import { spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { freePort } from '../scripts/kafka-broker/java-broker.ts'
import { guard } from '../scripts/kafka-broker/watchdog.ts'
import { eventually } from './kafka.ts'

/** Debian keeps it where the PATH of an ordinary account does not lead. */
const path = [process.env.PATH, '/usr/sbin', '/usr/local/sbin'].join(delimiter)

/** The real nginx; null where it is not installed. */
export const nginx = Bun.which('nginx', { PATH: path })

export type Nginx = { url: string; stop(): Promise<void> }

/**
 * Starts nginx in front of a service and waits until it answers.
 *
 * @param server what stands in its `server` block, beside the address that it listens on
 */
export async function startNginx(server: string): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'orders-nginx-'))
  const port = await freePort()
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const temporary = kinds.map(kind => `  ${kind}_temp_path ${join(folder, kind)};`).join('\n')
  const configuration = join(folder, 'nginx.conf')
  writeFileSync(
    configuration,
    `daemon off;
master_process off;
pid ${join(folder, 'pid')};
error_log ${join(folder, 'error.log')};
events {}
http {
  access_log off;
${temporary}
  server {
    listen 127.0.0.1:${port};
${server}
  }
}
`,
  )
  const child = spawn(nginx ?? 'nginx', ['-p', folder, '-c', configuration], { stdio: 'ignore' })
  const watch = guard('kill -KILL "$1"', [String(child.pid)])
  const exited = new Promise<void>(resolve => child.once('close', () => resolve()))
  const url = `http://127.0.0.1:${port}`
  await eventually('nginx answers', async () => {
    if (child.exitCode !== null) throw new Error(await Bun.file(join(folder, 'error.log')).text())
    return (await fetch(`${url}/livez`).catch(() => undefined)) !== undefined
  })
  return {
    url,
    async stop() {
      child.kill('SIGKILL')
      await exited
      watch.dismiss()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
