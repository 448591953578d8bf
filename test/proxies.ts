import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { freePort } from '../scripts/kafka-broker/java-broker.ts'
import { guard } from '../scripts/kafka-broker/watchdog.ts'
import { endWithThisProcess } from './end-with-this-process.ts'
import { eventually } from './kafka.ts'

export type ProxyName = 'nginx' | 'caddy'

/** A proxy that runs with the configuration that docs/reverse-proxy.md shows. `url` has no slash at its end. */
export type RunningProxy = { url: string; stop(): Promise<void> }

const searched = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']

/** Where a program is; undefined, and said aloud, when it is not installed: then its tests are skipped. */
export function programOf(name: ProxyName): string | undefined {
  const found = searched.map(folder => join(folder, name)).find(path => existsSync(path))
  if (found === undefined) console.error(`SKIPPED: the tests with ${name}. Install it with apt-get install ${name}.`)
  return found
}

/** The block of a language in the document, the only one. */
function documented(language: ProxyName): string {
  const text = readFileSync(join(import.meta.dirname, '../docs/reverse-proxy.md'), 'utf8')
  const [block, ...more] = [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(found => found[1] === language)
  if (block?.[2] === undefined || more.length > 0) throw new Error(`docs/reverse-proxy.md: one block of ${language}`)
  return block[2]
}

/** Replaces text that must be there. */
function change(text: string, changes: readonly (readonly [string, string])[]): string {
  return changes.reduce((changed, [from, to]) => {
    if (!changed.includes(from)) throw new Error(`docs/reverse-proxy.md no longer says: ${from}`)
    return changed.replaceAll(from, to)
  }, text)
}

/** What surrounds the documented block: files in a folder of its own, and compression, as many servers have it. */
function nginxAround(block: string): string {
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${name};`)
  return `daemon off;\npid nginx.pid;\nerror_log stderr;\n${process.getuid?.() === 0 ? 'user root;\n' : ''}events {}
    http { access_log off; ${folders.join(' ')} gzip on; gzip_proxied any; gzip_types application/json; ${block} }`
}

/**
 * Starts a proxy in front of a service.
 *
 * @param leavesPath whether it leaves /shop on, as the document says that it can
 */
export async function startProxy(
  name: ProxyName,
  program: string,
  service: string,
  leavesPath: boolean,
): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), `orders-${name}-`))
  endWithThisProcess(folder)
  const address = `127.0.0.1:${await freePort()}`
  const file = join(folder, 'config')
  const upstream = new URL(service).host
  if (name === 'nginx') {
    const block = change(documented(name), [
      ['listen 80', `listen ${address}`],
      ['proxy_pass http://127.0.0.1:8080/;', `proxy_pass http://${upstream}${leavesPath ? '' : '/'};`],
    ])
    writeFileSync(file, nginxAround(block))
  } else {
    const block = change(documented(name), [
      ['shop.example {', `http://${address} {\n  bind 127.0.0.1`],
      ['127.0.0.1:8080', upstream],
      ['handle_path /shop/*', leavesPath ? 'handle /shop/*' : 'handle_path /shop/*'],
    ])
    writeFileSync(file, `{\n  admin off\n}\n${block}`)
  }
  const command = name === 'nginx' ? ['-p', folder, '-c', file, '-e', 'stderr'] : ['run', '--config', file]
  const adapter = name === 'caddy' ? ['--adapter', 'caddyfile'] : []
  const env = { PATH: process.env.PATH, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
  const child = spawn(program, [...command, ...adapter], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  const watch = guard('kill -TERM "$1"', [String(child.pid)])
  let said = ''
  child.stderr.on('data', chunk => {
    said = `${said}${chunk}`.slice(-2_000)
  })
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const url = `http://${address}`
  await eventually(`${name} answers`, async () => {
    if (child.exitCode !== null) throw new Error(`${name} ended: ${said}`)
    return fetch(`${url}/shop/livez`).then(
      ({ ok }) => ok,
      () => false,
    )
  })
  return {
    url,
    async stop() {
      // Caddy would wait for ever for live streams to end; nginx ends its workers itself.
      child.kill(name === 'caddy' ? 'SIGKILL' : 'SIGTERM')
      await exited
      watch.dismiss()
    },
  }
}
