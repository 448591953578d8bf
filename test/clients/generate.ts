import { cpSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { goTools, javaJars, needsJava, nodeTools, pins, pythonTools, run } from './toolchain.ts'

/**
 * Generates a client of each language, compiles it together with its program, and says how the program is run. docs/clients.md
 * shows the same commands.
 */

const programs = join(import.meta.dirname, 'programs')
const openApi = join(import.meta.dirname, '../../docs/openapi.json')

/** A program that was compiled. Its arguments: the service's address, an API key, and a file of orders. */
export type Program = { command: readonly [string, ...string[]]; env?: Record<string, string> }

export type Generate = (folder: string) => Promise<Program>

/** The TypeScript of a client, checked as strictly as the product's, and run as it is. */
async function typescript(folder: string, program: string): Promise<Program> {
  const modules = await nodeTools()
  cpSync(join(programs, program), join(folder, program))
  const compilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: 'esnext',
    lib: ['esnext', 'dom', 'dom.iterable'],
    module: 'preserve',
    moduleResolution: 'bundler',
    types: ['node'],
    typeRoots: [join(modules, '@types')],
    paths: { 'openapi-fetch': [join(modules, 'openapi-fetch')] },
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: [program] }))
  await run([join(modules, '.bin', 'tsc'), '--project', folder])
  return { command: [process.execPath, join(folder, program)] }
}

export const openapiFetch: Generate = async folder => {
  const modules = await nodeTools()
  await run([join(modules, '.bin', 'openapi-typescript'), openApi, '-o', join(folder, 'schema.d.ts')])
  return typescript(folder, 'openapi-fetch.ts')
}

export const heyApi: Generate = async folder => {
  const modules = await nodeTools()
  await run([join(modules, '.bin', 'openapi-ts'), '-i', openApi, '-o', join(folder, 'client'), '--no-log-file'])
  return typescript(folder, 'hey-api.ts')
}

export const python: Generate = async folder => {
  const packages = await pythonTools()
  const env = { PYTHONPATH: packages, PATH: `${join(packages, 'bin')}:${process.env.PATH}` }
  const config = join(folder, 'config.yml')
  await writeFile(
    config,
    'content_type_overrides:\n  application/x-ndjson: application/octet-stream\n  text/csv: application/octet-stream\n',
  )
  const flags = ['--path', openApi, '--output-path', join(folder, 'client'), '--config', config, '--fail-on-warning']
  await run(['python3', '-m', 'openapi_python_client', 'generate', ...flags], { env })
  cpSync(join(programs, 'main.py'), join(folder, 'client', 'main.py'))
  await run(['python3', '-W', 'error', '-m', 'compileall', '-q', join(folder, 'client')], { env })
  return { command: ['python3', join(folder, 'client', 'main.py')], env }
}

export const go: Generate = async folder => {
  const tools = await goTools()
  await mkdir(join(folder, 'client'))
  const config = join(folder, 'config.yml')
  await writeFile(
    config,
    'package: client\noutput: client/client.go\ngenerate: { models: true, client: true }\noutput-options: { skip-prune: true }\n',
  )
  await run([join(tools.bin, 'oapi-codegen'), '-config', config, openApi], { cwd: folder })
  const runtime = 'github.com/oapi-codegen/runtime'
  await writeFile(
    join(folder, 'go.mod'),
    `module example.test/orders\n\ngo 1.25\n\nrequire ${runtime} v${pins.go[runtime]}\n`,
  )
  cpSync(join(programs, 'main.go'), join(folder, 'main.go'))
  await run([tools.go, 'build', '-mod=mod', '-o', 'orders', '.'], { cwd: folder, timeoutMs: 240_000 })
  return { command: [join(folder, 'orders')] }
}

/** For programs that end before the better code of the second compiler pays. */
const shortLived = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']

export const java: Generate = async folder => {
  await needsJava()
  const packages = await pythonTools()
  const client = join(folder, 'client')
  const properties = '--additional-properties=disallowAdditionalPropertiesIfNotPresent=false'
  const flags = ['generate', '-g', 'java', '-i', openApi, '-o', client, properties]
  await run(['python3', '-c', 'import openapi_generator_cli as generator; generator.cli()', ...flags], {
    env: { PYTHONPATH: packages, JDK_JAVA_OPTIONS: shortLived.join(' ') },
  })
  const jars = await javaJars(join(client, 'pom.xml'))
  cpSync(join(programs, 'Main.java'), join(client, 'src/main/java/Main.java'))
  const classes = join(folder, 'classes')
  const sources = join(client, 'src/main/java')
  const path = `${join(jars, '*')}`
  await run([
    'javac',
    ...shortLived.map(option => `-J${option}`),
    '-nowarn',
    '-d',
    classes,
    '-cp',
    path,
    '-sourcepath',
    sources,
    join(sources, 'Main.java'),
  ])
  return { command: ['java', ...shortLived, '-cp', `${classes}:${path}`, 'Main'] }
}
