import { accessSync, constants, existsSync } from 'node:fs'
import { join } from 'node:path'
import { configuredKeys } from '../access/variables.ts'
import { type Config, isLoopback } from '../config.ts'
import { describeAddress } from '../database.ts'
import { modules } from '../modules.ts'
import { nearestExisting } from '../platform/disk.ts'
import { trackingPageDir } from '../order-tracking/variables.ts'
import { demoShop, isShopServed, shopDir } from '../shop/variables.ts'
import { staticDir } from '../system/variables.ts'
import { type Command, table } from './command.ts'
import { checkDatabase } from './doctor-database.ts'
import type { Finding } from './doctor-finding.ts'
import { checkKafka } from './doctor-kafka.ts'
import { checkPort } from './doctor-port.ts'

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'show what the service would use, and whether each dependency answers',
  options: {},
  async run({ config, usesDatabase }) {
    const { database: theirs, dataDir } = config
    usesDatabase(theirs === undefined ? `own PostgreSQL in ${dataDir}` : describeAddress(theirs))
    const [database, kafka, port] = await Promise.all([
      checkDatabase(config),
      checkKafka(config, modules),
      checkPort(config),
    ])
    const findings = [
      ...database.findings,
      checkDataDir(config),
      ...kafka,
      port,
      checkPage('page', config.value(staticDir), '/'),
      checkShop(config),
      checkTrackingPage(config),
      checkKeys(config, database.keys),
    ]
    const failures = findings.filter(({ state }) => state === 'failed').length
    const rows = findings.map(({ name, state, detail }) => [name, state, detail])
    const end = failures === 0 ? 'the service can start' : `${failures} of these need your attention`
    return {
      text: `${table(['WHAT', 'STATE', ''], rows)}\n${end}`,
      json: { is_ready: failures === 0, findings },
      isFailure: failures > 0,
    }
  },
}

function checkDataDir({ dataDir, database }: Config): Finding {
  const name = 'data directory'
  if (database !== undefined) return { name, state: 'off', detail: 'not used, since DB_HOST is set' }
  const existing = nearestExisting(dataDir)
  try {
    accessSync(existing, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch {
    return { name, state: 'failed', detail: `${existing} cannot be written by this account: set DATA_DIR` }
  }
  const detail = existing === dataDir ? `${dataDir} can be written` : `${dataDir} will be created`
  return { name, state: 'ok', detail }
}

/** The API works without a page. @param path where it is served */
function checkPage(name: string, folder: string, path: string): Finding {
  const hasPage = existsSync(join(folder, 'index.html'))
  const detail = hasPage ? folder : `${folder} has no index.html: there will be no page at ${path}`
  return { name, state: hasPage ? 'ok' : 'note', detail }
}

const checkTrackingPage = ({ value }: Config) => checkPage('tracking page', value(trackingPageDir), '/track')

function checkShop({ value, server }: Config): Finding {
  const name = 'demo shop'
  if (isShopServed(value(demoShop), isLoopback(server.host))) return checkPage(name, value(shopDir), '/shop')
  return { name, state: 'off', detail: `DEMO_SHOP is ${value(demoShop)}` }
}

/** @param stored how many valid keys the database has; undefined when it could not be asked */
function checkKeys({ value, server }: Config, stored: number | undefined): Finding {
  const name = 'API keys'
  const configured = value(configuredKeys).length
  const inDatabase = stored === undefined ? 'those in the database could not be counted' : `${stored} in the database`
  const detail = `${configured} in API_KEYS, ${inDatabase}`
  if (configured > 0 || (stored ?? 0) > 0) return { name, state: 'ok', detail }
  if (isLoopback(server.host))
    return { name, state: 'ok', detail: `${detail}; without any, only this machine is served` }
  const advice = `SERVER_HOST is ${server.host}, which others can reach, so one is needed: see "keys create"`
  return { name, state: stored === undefined ? 'note' : 'failed', detail: `${detail}; ${advice}` }
}
