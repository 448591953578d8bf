import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildApp } from '../src/app.ts'
import { loadCommands } from '../src/commands/commands.ts'
import { readConfig } from '../src/config.ts'
import { Notifier } from '../src/events/notifier.ts'
import { schemaDocuments } from '../src/events/schema-documents.ts'
import { catalogueOf, modules } from '../src/modules.ts'
import { createLogger } from '../src/platform/log.ts'
import { createPool } from '../src/platform/postgres.ts'
import { commandTables } from './command-tables.ts'
import { configurationPage, environmentExample } from './configuration-page.ts'
import { endpointTables } from './endpoint-tables.ts'
import { withGeneratedPart } from './generated-part.ts'

/** The folder of the generated documents, for readers without a running service. */
export const documentsFolder = join(import.meta.dirname, '..', 'docs')

/** The folder of the events' schemas, which holds nothing else. */
export const schemasFolder = join(documentsFolder, 'events')

/**
 * The documents that are made of the code, as texts by the names of their files from `documentsFolder` on: OpenAPI, AsyncAPI, the
 * JSON Schemas of events, the pages on the API, commands and configuration, and the example of a local environment. Needs no database: nothing asks for one.
 */
export async function currentDocuments(): Promise<Map<string, string>> {
  const log = createLogger({ level: 'silent' })
  const address = { host: 'localhost', port: 5432, user: 'nobody', password: undefined, database: 'none' }
  const app = buildApp({
    address,
    pool: createPool(address, { connectionsMax: 1, name: 'documents', log }),
    log,
    now: Date.now,
    value: readConfig(modules, { STATIC_DIR: '/dev/null', SHOP_DIR: '/dev/null', TRACKING_PAGE_DIR: '/dev/null' }, '/')
      .value,
    basePath: '',
    dataDir: '/',
    probes: {},
    isStopping: () => false,
    isInStep: () => true,
    isLocal: true,
    settings: [],
    logGrown: new Notifier(),
  })
  const handedOut = async (name: string) => (await app.fetch(new Request(`http://localhost/api/${name}`))).json()
  const documents = new Map<string, unknown>()
  for (const name of ['openapi.json', 'asyncapi.json']) documents.set(name, await handedOut(name))
  for (const [name, schema] of schemaDocuments(catalogueOf(modules).events))
    documents.set(`events/${name}.schema.json`, schema)
  return new Map([
    ...[...documents].map(([name, document]) => [name, `${JSON.stringify(document, null, 2)}\n`] as const),
    ['api.md', withGeneratedPart(join(documentsFolder, 'api.md'), endpointTables(documents.get('openapi.json')))],
    ['commands.md', withGeneratedPart(join(documentsFolder, 'commands.md'), commandTables(await loadCommands()))],
    ['configuration.md', configurationPage()],
    ['../.env.local.example', environmentExample()],
  ])
}

if (import.meta.main) {
  const documents = await currentDocuments()
  mkdirSync(schemasFolder, { recursive: true })
  for (const name of readdirSync(schemasFolder)) if (!documents.has(`events/${name}`)) rmSync(join(schemasFolder, name))
  for (const [name, text] of documents) writeFileSync(join(documentsFolder, name), text)
  process.exit(0)
}
