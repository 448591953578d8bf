import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Backend, BackendOptions, GuardedListener } from './broker.ts'
import { fetchJars, javaCommand, kafkaVersion } from './jars.ts'
import { guard } from './watchdog.ts'

const execute = promisify(execFile)
const stopMs = 10_000
const jvmOptions = ['-Xmx512m', '-Xms128m', '-XX:+UseSerialGC', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn']

/** The better code of the second compiler costs more than a short life gains by it. */
const compilesOnce = '-XX:TieredStopAtLevel=1'

/** Apache Kafka in a JVM of its own, started from the jars that Maven brings. */
export function javaBackend(options: BackendOptions): Backend {
  const propertiesPath = join(options.dataDir, 'server.properties')
  const pidPath = join(options.dataDir, 'broker.pid')
  const logPath = join(options.dataDir, 'broker.log')
  let java: ChildProcess | undefined
  let watch: { dismiss(): void } | undefined

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const ending = java
    if (!ending) return
    ending.kill('SIGCONT')
    ending.kill(signal)
    const deadline = Date.now() + stopMs
    while (isRunning(ending)) {
      if (Date.now() > deadline) ending.kill('SIGKILL')
      await sleep(20)
    }
    java = undefined
    watch?.dismiss()
  }

  return {
    async start() {
      const jars = await fetchJars(options.cacheDir, options.log)
      const classPath = join(jars, '*')
      await mkdir(options.dataDir, { recursive: true })
      await endOrphan(pidPath, propertiesPath, options.log)
      // Otherwise another broker on the port would be mistaken for this one.
      await listenOn(options.port).catch(error => {
        throw new Error(`Port ${options.port} is taken; is a broker running already?`, { cause: error })
      })
      await writeFile(propertiesPath, serverProperties(options, await freePort()))
      if (!existsSync(join(options.dataDir, 'log', 'meta.properties'))) {
        await (options.guarded ? format : formatOnce)(classPath, propertiesPath, options)
      }
      const output = openSync(logPath, 'w')
      const jvm = options.shortLived ? [...jvmOptions, compilesOnce] : jvmOptions
      java = spawn(javaCommand(), [...jvm, '-cp', classPath, 'kafka.Kafka', propertiesPath], {
        stdio: ['ignore', output, output],
        detached: true,
      })
      closeSync(output)
      java.on('error', () => {})
      java.unref()
      await writeFile(pidPath, String(java.pid))
      watch = guard(orphanScript, [String(java.pid), options.temporary ? options.dataDir : ''])
    },
    pid: () => (java && isRunning(java) ? (java.pid ?? null) : null),
    hasDied: () => java !== undefined && !isRunning(java),
    signal: name => void java?.kill(name),
    end,
    forget: () => rm(join(options.dataDir, 'log'), { recursive: true, force: true }),
    lastWords: async () => (await readFile(logPath, 'utf8').catch(() => '')).slice(-2000),
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null && child.pid !== undefined
}

/** A temporary broker has nothing to save: it is killed and its folder removed. Another one is asked to end first. */
const orphanScript = `kill -CONT "$1"
if [ -n "$2" ]; then kill -KILL "$1"; sleep 0.2; rm -rf "$2"; exit 0; fi
kill -TERM "$1"
tries=0
while kill -0 "$1" && [ "$tries" -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
kill -KILL "$1"`

/** Ends a broker left over on the same data, which would hold its lock; its arguments distinguish it from another process with its id. */
async function endOrphan(pidPath: string, propertiesPath: string, log: (line: string) => void): Promise<void> {
  const pid = Number(await readFile(pidPath, 'utf8').catch(() => '0'))
  const isOurs = () =>
    pid > 0 && spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout.includes(propertiesPath)
  if (!isOurs()) return
  log(`ending the broker that an earlier run left behind (process ${pid})`)
  process.kill(pid, 'SIGCONT')
  process.kill(pid, 'SIGTERM')
  const deadline = Date.now() + stopMs
  while (isOurs()) {
    if (Date.now() > deadline) process.kill(pid, 'SIGKILL')
    await sleep(100)
  }
}

/** Formats by a copy of what the first broker was formatted to: without logins it is the same for all. */
async function formatOnce(classPath: string, propertiesPath: string, options: BackendOptions): Promise<void> {
  const log = join(options.dataDir, 'log')
  const template = join(options.cacheDir, `formatted-${kafkaVersion}`)
  if (existsSync(template)) return cp(template, log, { recursive: true })
  await format(classPath, propertiesPath, options)
  const work = `${template}.${process.pid}`
  await cp(log, work, { recursive: true })
  // Another process may have been faster.
  await rename(work, template).catch(() => rm(work, { recursive: true, force: true }))
}

async function format(classPath: string, propertiesPath: string, { guarded }: BackendOptions): Promise<void> {
  const clusterId = Buffer.from('order-backend-dev').subarray(0, 16).toString('base64url')
  const args = ['-cp', classPath, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', propertiesPath]
  if (guarded) {
    const who = `name=${guarded.user},password=${guarded.password}`
    args.push('--add-scram', `SCRAM-SHA-256=[${who}]`, '--add-scram', `SCRAM-SHA-512=[${who}]`)
  }
  await execute(javaCommand(), [...jvmOptions, compilesOnce, ...args])
}

/** Returns a TCP port of the loopback interface that was free a moment ago. */
export function freePort(): Promise<number> {
  return listenOn(0)
}

/** Listens for a moment; rejects where the port is taken. @returns the port, chosen by the system for 0 */
async function listenOn(port: number): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('The system gave no TCP port')
  return address.port
}

/** The broker's session is shorter than usual: after kill -9 it may only come back when its old one has ended. */
function serverProperties(options: BackendOptions, controllerPort: number): string {
  const { guarded } = options
  const guardedPlace = guarded ? `,SASL_SSL://127.0.0.1:${guarded.port}` : ''
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
listeners=PLAINTEXT://127.0.0.1:${options.port},CONTROLLER://127.0.0.1:${controllerPort}${guardedPlace}
advertised.listeners=PLAINTEXT://127.0.0.1:${options.port}${guardedPlace}
controller.listener.names=CONTROLLER
log.dirs=${join(options.dataDir, 'log')}
num.partitions=${options.partitions}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
broker.session.timeout.ms=5000
broker.heartbeat.interval.ms=1000
${guarded ? guardedProperties(guarded) : ''}`
}

function guardedProperties({ keyPath, authorityPath, user, password, loginMs }: GuardedListener): string {
  return `listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_${user}="${password}";
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location=${keyPath}
ssl.truststore.type=PEM
ssl.truststore.location=${authorityPath}
listener.name.sasl_ssl.ssl.client.auth=required
connections.max.reauth.ms=${loginMs}
`
}
