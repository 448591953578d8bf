import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildApp } from '../src/app.ts'
import { WakeUp } from '../src/events/wake-up.ts'
import { createLogger } from '../src/platform/log.ts'
import { createPool } from '../src/platform/postgres.ts'

/** Where the OpenAPI document is kept for those who read it without a running service. */
export const openApiFile = join(import.meta.dirname, '..', 'docs', 'openapi.json')

/** The OpenAPI document as the service hands it out, as the text of the file. Needs no database: nothing asks for one. */
export async function currentOpenApi(): Promise<string> {
  const log = createLogger({ level: 'silent' })
  const address = { host: 'localhost', port: 5432, user: 'nobody', password: undefined, database: 'none' }
  const app = buildApp({
    pool: createPool(address, { connectionsMax: 1, name: 'openapi', log }),
    log,
    now: Date.now,
    cacheSizeBytesMax: 1024 * 1024,
    staticDir: '',
    probes: {},
    isStopping: () => false,
    isLocal: true,
    sendToTopic: undefined,
    logGrown: new WakeUp(),
  })
  const response = await app.fetch(new Request('http://localhost/api/openapi.json'))
  return `${JSON.stringify(await response.json(), null, 2)}\n`
}

if (import.meta.main) {
  writeFileSync(openApiFile, await currentOpenApi())
  process.exit(0)
}
