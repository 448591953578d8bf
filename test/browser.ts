import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { buildShop, buildTrack, buildWeb } from '../scripts/build-web.ts'
import { readConfig } from '../src/config.ts'
import { modules } from '../src/modules.ts'
import { createLogger } from '../src/platform/log.ts'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { startService } from '../src/service.ts'
import { atTheEnd } from './at-the-end.ts'
import { createMigratedDatabase } from './database.ts'
import { endWithThisProcess } from './end-with-this-process.ts'
import { eventually } from './kafka.ts'
import { environmentOf } from './run-cli.ts'

const root = join(import.meta.dirname, '..')
const executable = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
].find(path => path !== undefined && path !== '' && existsSync(path))

/** Whether there is no Chromium here; then browser tests are skipped, with a message. */
export const hasNoBrowser = executable === undefined
if (hasNoBrowser) console.error('SKIPPED: the tests in a browser. Install Chromium, or set CHROMIUM to its path.')

/** The canonical order of the contract. */
export const sample = JSON.parse(readFileSync(join(root, 'test/samples/valid/canonical.json'), 'utf8'))

let built: Promise<string> | undefined

/** The page, built from the sources as they are now, in a folder that ends with this process. */
function webFolder(): Promise<string> {
  built ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), 'orders-web-'))
    endWithThisProcess(folder)
    await buildWeb(folder)
    return folder
  })()
  return built
}

/** The page of the demo shop, built in the same way. */
export async function shopFolder(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'orders-shop-'))
  endWithThisProcess(folder)
  await buildShop(folder)
  return folder
}

/** The tracking page of orders, built in the same way. */
export async function trackFolder(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'orders-track-'))
  endWithThisProcess(folder)
  await buildTrack(folder)
  return folder
}

/** The addresses of the pages, as the list of modules gives them, without those that need an id. */
export async function pageAddresses(): Promise<string[]> {
  const documents = JSON.parse(readFileSync(join(await webFolder(), 'pages.json'), 'utf8')) as Record<string, string[]>
  return Object.values(documents)
    .flat()
    .filter(path => !path.includes(':'))
}

export type View = {
  width?: number
  height?: number
  colorScheme?: 'light' | 'dark'
  url?: string
  /** Pixels of a picture for each pixel of the window. */
  scale?: number
}

/** A service with an empty database of its own, and browsers that look at its page. */
export type Stage = {
  url: string
  /** The environment that leads a command to the service's database. */
  environment: Record<string, string>
  database: PostgresAddress
  /** Opens a URL of the page in a new browser context that replaces the last one. Console errors are collected. */
  open(path: string, view?: View): Promise<Page>
  /** The console errors since the last call. */
  complaints(): string[]
  /** Places an order over HTTP. */
  place(order: unknown): Promise<void>
  /** Does something to an order over HTTP. */
  command(uid: string, command: string, reason: string): Promise<void>
  close(): Promise<void>
}

let shared: Promise<Browser> | undefined

/** The browser of this test process: each view has a context of its own, which shares nothing with the others. */
async function testBrowser(): Promise<Browser> {
  if (shared !== undefined && (await shared).isConnected()) return shared
  const launching = chromium.launch({ executablePath: executable ?? '', args: ['--no-sandbox'] })
  shared = launching
  atTheEnd(async () => (await launching).close())
  return launching
}

/** Starts a service, and opens its page in a browser. @param settings variables of the service that are set otherwise */
export async function setStage(settings: Record<string, string> = {}): Promise<Stage> {
  const browser = await testBrowser()
  const database = await createMigratedDatabase()
  const environment = environmentOf(database.address)
  const stop = new AbortController()
  const page = settings.STATIC_DIR ?? (await webFolder())
  const config = readConfig(modules, { ...environment, SERVER_PORT: '0', STATIC_DIR: page, ...settings }, root)
  const service = await startService(config, createLogger({ level: 'silent' }), stop.signal)
  let context: BrowserContext | undefined
  let complaints: string[] = []
  const post = async (path: string, body: unknown) => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${service.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  }
  return {
    url: service.url,
    environment,
    database: database.address,
    async open(path, { width = 1280, height = 900, colorScheme = 'light', url = service.url, scale = 1 } = {}) {
      await context?.close()
      const viewport = { width, height }
      // What is still fading in has less contrast than it will have.
      const reducedMotion = 'reduce'
      context = await browser.newContext({
        viewport,
        colorScheme,
        reducedMotion,
        locale: 'en-US',
        deviceScaleFactor: scale,
      })
      const page = await context.newPage()
      page.on('pageerror', error => complaints.push(String(error)))
      page.on('dialog', dialog => complaints.push(`a dialog of a script: ${dialog.message()}`))
      page.on('console', message => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
      })
      await page.goto(`${url}${path}`)
      return page
    },
    complaints() {
      const found = complaints
      complaints = []
      return found
    },
    place: order => post('/api/orders', order),
    command: (uid, command, reason) => post(`/api/orders/${uid}/${command}`, { reason, actor: 'test' }),
    async close() {
      await context?.close()
      stop.abort()
      await service.stop()
      await database.drop()
    },
  }
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const everyRule = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']

/** Whether a page is as it will stay: nothing is still being read, and what moves for a moment has arrived. */
const isAtRest = `document.querySelector('main .skeleton') === null && document.getAnimations().every(animation =>
  animation.playState !== 'running' || animation.effect.getComputedTiming().iterations === Infinity)`

/**
 * What breaks WCAG 2.1 A and AA on a page once it is at rest, as axe finds it: each rule with the places.
 *
 * @param rules what is looked at: tags or rules of axe
 */
export async function violationsOf(page: Page, rules: readonly string[] = everyRule): Promise<string[]> {
  await eventually('the page is at rest', () => page.evaluate<boolean>(isAtRest))
  // Half a megabyte, which a document needs once.
  if (!(await page.evaluate("typeof axe === 'object'"))) await page.evaluate(axe)
  return page.evaluate(`
    axe.run(document, { runOnly: ${JSON.stringify(rules)}, resultTypes: ['violations'], selectors: false })
      .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(node => id + ': ' + node.html)))`)
}

/** By how many pixels a page is wider than the window. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
}
