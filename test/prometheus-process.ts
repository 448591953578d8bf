import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { YAML } from 'bun'
import { freePort } from '../scripts/kafka-broker/java-broker.ts'
import { guard } from '../scripts/kafka-broker/watchdog.ts'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { eventually } from './kafka.ts'
import { rulesFolder } from './monitoring-rules.ts'

/** A sample of an answer to a query: its labels and its value. */
export type Sample = { metric: Record<string, string>; value: number }

/** A program that is running; `stop` ends it the hard way. */
type Running = { address: string; stop(): Promise<void> }

export type Prometheus = Running & {
  /** Asks now; NaN counts as no value. */
  query(expr: string): Promise<Sample[]>
  /** The names of every series there is. */
  names(): Promise<string[]>
}

/** Starts the real postgres exporter on a database that is reached by a socket. */
export async function startPostgresExporter({ host, port, user, database }: PostgresAddress): Promise<Running> {
  const address = `127.0.0.1:${await freePort()}`
  const source = `user=${user} host=${host} port=${port} dbname=${database} sslmode=disable`
  const child = spawn('prometheus-postgres-exporter', [`--web.listen-address=${address}`], {
    env: { PATH: process.env.PATH, DATA_SOURCE_NAME: source },
    stdio: 'ignore',
  })
  return { address, stop: stopper(child) }
}

/**
 * Starts the real Prometheus with prometheus.yml and the rules of this repository. It asks and evaluates every second, and what
 * has to be true `for` minutes has to be so for some seconds.
 *
 * @param options targets: where each job is; a job that is not named is left out; change: what else is changed in the rules
 */
export async function startPrometheus(options: {
  targets: Readonly<Record<string, string>>
  change: (rules: string) => string
}): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'orders-prometheus-'))
  cpSync(rulesFolder, join(folder, 'monitoring/rules'), { recursive: true })
  for (const name of readdirSync(rulesFolder)) {
    const text = readFileSync(join(rulesFolder, name), 'utf8')
    writeFileSync(join(folder, 'monitoring/rules', name), options.change(hurried(text)))
  }
  const config = YAML.parse(readFileSync(join(rulesFolder, '../../prometheus.yml'), 'utf8')) as {
    scrape_configs: { job_name: string }[]
  }
  const address = `127.0.0.1:${await freePort()}`
  const targets: Record<string, string> = { ...options.targets, prometheus: address }
  const jobs = config.scrape_configs.map(({ job_name }) => job_name).filter(name => targets[name] !== undefined)
  const changed = {
    ...config,
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    scrape_configs: jobs.map(name => ({ job_name: name, static_configs: [{ targets: [targets[name]] }] })),
  }
  // JSON is YAML too.
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(changed))
  const child = spawn(
    'prometheus',
    ['--config.file=prometheus.yml', '--storage.tsdb.path=data', `--web.listen-address=${address}`],
    { cwd: folder, stdio: 'ignore' },
  )
  const stop = stopper(child)
  await eventually('Prometheus is ready', async () => {
    if (child.exitCode !== null) throw new Error(`Prometheus ended with exit code ${child.exitCode}`)
    return (await fetch(`http://${address}/-/ready`).catch(() => undefined))?.status === 200
  })
  return {
    address,
    async query(expr) {
      const answer = await fetch(`http://${address}/api/v1/query`, {
        method: 'POST',
        body: new URLSearchParams({ query: expr }),
      })
      const body = (await answer.json()) as { error?: string; data?: { result: RawSample[] } }
      if (body.data === undefined) throw new Error(`${expr}: ${body.error}`)
      return body.data.result
        .map(({ metric, value }) => ({ metric, value: Number(value[1]) }))
        .filter(({ value }) => !Number.isNaN(value))
    },
    async names() {
      const answer = await fetch(`http://${address}/api/v1/label/__name__/values`)
      return ((await answer.json()) as { data: string[] }).data
    },
    async stop() {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

type RawSample = { metric: Record<string, string>; value: [number, string] }

/** The rules with `for` a minute made two seconds, and never more than ten: it finds its targets only after five. */
function hurried(rules: string): string {
  const seconds = (minutes: string) => Math.min(Number(minutes) * 2, 10)
  return rules
    .replace(/^( +for:) (\d+)m$/gm, (_, key, minutes) => `${key} ${seconds(minutes)}s`)
    .replace('for: 1h', 'for: 10s')
}

/** What ends a process; it does not outlive this one either. */
function stopper(child: ChildProcess): () => Promise<void> {
  const watch = guard('kill -KILL "$1"', [String(child.pid)])
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  return async () => {
    child.kill('SIGKILL')
    await ended
    watch.dismiss()
  }
}
