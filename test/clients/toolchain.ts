import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * The generators of clients and the linters that the documents are tried with, at the versions that docs/clients.md names. They
 * weigh hundreds of megabytes, so they are no devDependencies: they are downloaded once, into a folder outside the repository.
 */

export const pins = {
  node: {
    'openapi-typescript': '7.13.0',
    'openapi-fetch': '0.17.0',
    '@hey-api/openapi-ts': '0.99.0',
    '@redocly/cli': '2.77.0',
    '@stoplight/spectral-cli': '6.16.3',
    '@asyncapi/parser': '3.6.6',
    // The generators need the compiler's API, which TypeScript 7 does not have.
    typescript: '5.9.3',
    '@types/node': '24.10.1',
  },
  python: { 'openapi-python-client': '0.29.1', 'openapi-generator-cli': '7.26.0' },
  go: { 'github.com/oapi-codegen/oapi-codegen/v2': '2.8.2', 'github.com/oapi-codegen/runtime': '1.9.0' },
  stripe: { 'github.com/stripe/stripe-mock': '0.203.0' },
} as const

const cacheDir = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'shopping-cart', 'clients')
const mavenGoal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
const goVersionMin = 25
const downloadMs = 300_000

/** A tool that is not available here; the message is half a sentence. */
export class Unavailable extends Error {}

/** What tools make; undefined, with a note on the console, where they are not available. */
export async function orSkipped<Made>(making: Promise<Made>): Promise<Made | undefined> {
  return making.catch(error => {
    if (!(error instanceof Unavailable)) throw error
    console.log(`skipped: ${error.message}`)
    return undefined
  })
}

/**
 * Runs a program to its end.
 *
 * @returns what it wrote to its standard output
 * @throws Error with all that it wrote when it fails, or takes longer than `timeoutMs`
 */
export async function run(
  command: readonly [string, ...string[]],
  options: { cwd?: string; env?: Record<string, string>; timeoutMs?: number } = {},
): Promise<string> {
  const [program, ...args] = command
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? 120_000,
    killSignal: 'SIGKILL',
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', text => {
    stdout += text
  })
  child.stderr.on('data', text => {
    stderr += text
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(`${command.slice(0, 3).join(' ')} ended with ${code}:\n${stdout}${stderr}`)
  return stdout
}

/**
 * A folder of the cache, made once: it is filled beside its place and moved there when it is complete, so that neither an
 * interrupted download nor two at the same time leave half of one behind.
 *
 * @param content what decides the folder's name: other versions are another folder
 * @throws Unavailable when it cannot be filled
 */
async function cached(name: string, content: unknown, fill: (folder: string) => Promise<unknown>): Promise<string> {
  const digest = createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 12)
  const place = join(cacheDir, `${name}-${digest}`)
  if (existsSync(place)) return place
  await mkdir(cacheDir, { recursive: true })
  const work = await mkdtemp(`${place}.`)
  try {
    await fill(work)
    await rename(work, place).catch((error: NodeJS.ErrnoException) => {
      if (!existsSync(place)) throw error
    })
  } catch (error) {
    const lines = String(error instanceof Error ? error.message : error).split('\n')
    throw new Unavailable(`${name} tools cannot be had: ${lines.slice(-4).join(' ')}`)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return place
}

/** The node_modules with the generators for TypeScript and the linters. @throws Unavailable */
export async function nodeTools(): Promise<string> {
  await needs('node', ['--version'])
  const specs = Object.entries(pins.node).map(([name, version]) => `${name}@${version}`)
  const folder = await cached('node', pins.node, async work => {
    await writeFile(join(work, 'package.json'), '{"private":true}')
    const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
    await run(['npm', 'install', ...flags, ...specs], { cwd: work, timeoutMs: downloadMs })
  })
  return join(folder, 'node_modules')
}

/** The folder of the programs for Python, and of openapi-generator. @throws Unavailable */
export async function pythonTools(): Promise<string> {
  await needs('python3', ['-c', 'import venv, ensurepip'])
  const specs = Object.entries(pins.python).map(([name, version]) => `${name}==${version}`)
  // A virtual environment knows its own path, so it cannot be moved; packages in a folder of their own can.
  const folder = await cached('python', pins.python, async work => {
    const environment = `${work}.venv`
    try {
      await run(['python3', '-m', 'venv', environment])
      const pip = [join(environment, 'bin', 'pip'), 'install', '-q', '--target', work] as const
      await run([...pip, ...specs], { timeoutMs: downloadMs })
    } finally {
      await rm(environment, { recursive: true, force: true })
    }
  })
  return folder
}

/** The folder of oapi-codegen, and the Go command. @throws Unavailable */
export async function goTools(): Promise<{ go: string; bin: string }> {
  const go = await needsGo()
  const generator = 'github.com/oapi-codegen/oapi-codegen/v2'
  const bin = await cached('go', pins.go, work =>
    run([go, 'install', `${generator}/cmd/oapi-codegen@v${pins.go[generator]}`], {
      env: { GOBIN: work },
      timeoutMs: downloadMs,
    }),
  )
  return { go, bin }
}

/** The Go command. @throws Unavailable */
async function needsGo(): Promise<string> {
  const go = existsSync('/usr/local/go/bin/go') ? '/usr/local/go/bin/go' : 'go'
  const found = await needs(go, ['env', 'GOVERSION'])
  const minor = Number(/^go1\.(\d+)/.exec(found)?.[1] ?? 0)
  if (minor < goVersionMin) throw new Unavailable(`${found.trim()} is older than 1.${goVersionMin}`)
  return go
}

/** The file of Stripe's OpenAPI document, which is part of its mock server. @throws Unavailable */
export async function stripeOpenApi(): Promise<string> {
  const go = await needsGo()
  const [[module, version] = ['', '']] = Object.entries(pins.stripe)
  const folder = await cached('stripe', pins.stripe, async work => {
    const downloaded = await run([go, 'mod', 'download', '-json', `${module}@v${version}`], {
      cwd: work,
      timeoutMs: downloadMs,
    })
    const { Dir } = JSON.parse(downloaded) as { Dir: string }
    await copyFile(join(Dir, 'embedded/openapi/spec3.json'), join(work, 'openapi.json'))
  })
  return join(folder, 'openapi.json')
}

/**
 * The folder of the jars that a generated Java client needs, by its own pom.xml.
 *
 * @throws Unavailable
 */
export async function javaJars(pom: string): Promise<string> {
  return cached('java', pins.python['openapi-generator-cli'], work =>
    run(['mvn', '-B', '-q', '-f', pom, mavenGoal, '-DincludeScope=compile', `-DoutputDirectory=${work}`], {
      timeoutMs: downloadMs,
    }),
  )
}

/** A Java compiler and Maven. @throws Unavailable */
export async function needsJava(): Promise<void> {
  await needs('javac', ['-version'])
  await needs('mvn', ['-version'])
}

async function needs(program: string, args: readonly string[]): Promise<string> {
  return run([program, ...args]).catch(() => {
    throw new Unavailable(`${program} ${args.join(' ')} does not work here`)
  })
}
