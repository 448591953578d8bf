import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { configurationPage, environmentExample } from '../scripts/configuration-page.ts'
import { advisoryLockSpaces, advisoryLocks } from '../src/advisory-locks.ts'
import { variablesOf } from '../src/config.ts'
import { catalogue } from '../src/errors.ts'
import { scopesOf } from '../src/module.ts'
import { modules as moduleList } from '../src/modules.ts'
import type { Route } from '../src/platform/http.ts'
import { carriers } from '../src/tracking/carriers.ts'
import { scopes as scopesOfPage } from '../web/keys/key.ts'
import { circlesOf, functionsOf, importsOf, root, type Source, sourcesOf } from './sources.ts'

/** The rules of the architecture, proved on the sources. */

/** The same as CONTRIBUTING.md says. */
const linesMax = 300
const functionLinesMax = 50

const everything = ['src', 'test', 'scripts', 'bench', 'monitoring', 'web'].flatMap(sourcesOf)
const web = sourcesOf('web')
const product = sourcesOf('src').filter(({ path }) => !path.endsWith('.test.ts'))

/** What every module may import: `module` says what a module is, and some of its types are those of modules. */
const parts = ['erase-part', 'export-part', 'whom']
const ground = ['module', 'module-api', ...parts, 'version', 'platform', 'errors', 'advisory-locks']
const modules = moduleList.map(({ name }) => name)
/** What each area may import beside itself: main → service → app → modules → platform → errors. */
const allowed: Record<string, readonly string[]> = {
  errors: [],
  'advisory-locks': [],
  platform: ['errors', 'advisory-locks'],
  version: [],
  whom: ['platform'],
  'erase-part': ['whom', 'platform'],
  'export-part': ['whom', 'platform'],
  module: [...parts, 'orders', 'payments', 'tracking', 'returns', 'dead-letters', 'events', 'system', 'platform'],
  'module-api': ['module'],
  verify: ground,
  audit: ['verify', ...ground],
  ...Object.fromEntries(moduleList.map(({ name, buildsOn = [] }) => [name, [...buildsOn, ...ground]])),
  system: ['audit', ...ground],
  modules: [...modules, ...ground],
  documents: ground,
  app: ['documents', 'modules', 'events', 'system', ...ground],
  load: ['orders', ...ground],
  backup: ground,
  config: ground,
  database: ['config', 'events', ...ground],
  messaging: ['config', 'dead-letters', 'system', ...ground],
  service: ['app', 'messaging', 'modules', 'database', 'config', 'events', 'system', ...ground],
  commands: ['app', 'load', 'verify', 'backup', 'modules', 'database', 'config', ...modules, ...ground],
  cli: ['commands'],
  release: ['main', 'cli', 'platform'],
  main: ['service', 'modules', 'config', ...ground],
}

/** The places in sources that a pattern matches, as 'path:line: text'. */
function findAll(sources: readonly Source[], pattern: RegExp): string[] {
  return sources.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  )
}

/** A source without its comments. */
function withoutComments(source: Source): Source {
  const text = source.text
    .replace(/\/\*[\s\S]*?\*\//g, comment => comment.replace(/[^\n]/g, ''))
    .replace(/(^|\s)\/\/.*$/gm, '')
  return { ...source, text }
}

/** A source without its comments and its texts. */
function codeOnly(source: Source): Source {
  const text = withoutComments(source).text.replace(/'(?:[^'\\\n]|\\.)*'/g, "''")
  return { ...source, text }
}

describe('imports', () => {
  test('lead in one direction', () => {
    const wrong = product.flatMap(source => {
      const own = allowed[source.area]
      if (own === undefined) return [`${source.path}: say in test/tidy.test.ts what ${source.area} may import`]
      return importsOf(source)
        .map(path => ({ path, area: path.split('/')[1]?.replace(/\.ts$/, '') ?? '' }))
        .filter(({ path, area }) => path.startsWith('src/') && area !== source.area && !own.includes(area))
        .map(({ path }) => `${source.path} imports ${path}`)
    })
    expect(wrong).toEqual([])
  })

  test('of a module lead to those before it in the list that it says it builds on', () => {
    const early = moduleList.map(({ name, buildsOn = [] }, index) => ({
      name,
      unknown: buildsOn.filter(other => !modules.slice(0, index).includes(other)),
    }))
    expect(early.filter(({ unknown }) => unknown.length > 0)).toEqual([])
    expect(modules.filter(name => !existsSync(join(root, 'src', name, 'module.ts')))).toEqual([])
  })

  test('lead to files that exist, named with .ts, and not from the product into tests or scripts', () => {
    const named = product.flatMap(source => importsOf(source).map(path => ({ from: source.path, path })))
    expect(named.length).toBeGreaterThan(50)
    expect(named.filter(({ path }) => !path.endsWith('.ts') || !existsSync(join(root, path)))).toEqual([])
    expect(named.filter(({ path }) => !path.startsWith('src/'))).toEqual([])
  })

  test('do not run in a circle between files, types included', () => {
    // The types of orders that are being read and of rows that are written name each other.
    expect(circlesOf(product)).toEqual([])
  })

  test('name every file of the product', () => {
    const imported = new Set(everything.filter(({ path }) => !path.startsWith('test/')).flatMap(importsOf))
    const begin = ['src/main.ts', 'src/cli.ts', 'src/release.ts']
    expect(product.map(({ path }) => path).filter(path => !imported.has(path) && !begin.includes(path))).toEqual([])
  })
})

describe('files', () => {
  test('have names of their own in kebab case: no barrel, no grab-bag', () => {
    const grabBag = /(^|\/)(index|utils?|helpers?|lib|common|misc|shared)(\.test)?\.tsx?$/
    expect(everything.filter(({ path }) => grabBag.test(path)).map(({ path }) => path)).toEqual([])
    expect(everything.filter(({ path }) => !/^[a-z0-9-/]+(\.test)?\.tsx?$/.test(path)).map(({ path }) => path)).toEqual(
      [],
    )
    expect(findAll(everything, /^export \* from/)).toEqual([])
  })

  test(`have at most ${linesMax} lines`, () => {
    const long = [...product, ...web].map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    expect(long.filter(({ lines }) => lines > linesMax)).toEqual([])
  })

  test(`have functions of at most ${functionLinesMax} lines`, () => {
    const long = [...product, ...web].flatMap(source =>
      functionsOf(source)
        .filter(({ lines }) => lines > functionLinesMax)
        .map(({ name, lines }) => `${source.path} ${name}: ${lines} lines`),
    )
    expect(long).toEqual([])
  })

  test('have the limits that CONTRIBUTING.md names', () => {
    const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8').replaceAll(/\s+/g, ' ')
    expect(text).toContain(`at most ${linesMax} lines`)
    expect(text).toContain(`functions at most ${functionLinesMax}`)
  })

  test('leave nothing for later', () => {
    const own = 'tidy.test.ts'
    const others = everything.filter(({ path }) => !path.endsWith(own))
    expect(findAll(others, /\b(TODO|FIXME|HACK)\b/)).toEqual([])
  })

  test('use neither `any`, nor `!` against undefined, nor an order to the compiler to look away', () => {
    const code = everything.map(codeOnly)
    expect(findAll(code, /(:|\bas|<|\|)\s*any\b(?!\s*\()/)).toEqual([])
    expect(findAll(code, /[\w\])]!(?=[.,;)\][]|$)/)).toEqual([])
    expect(
      findAll(
        everything.filter(({ path }) => !path.endsWith('tidy.test.ts')),
        /@ts-(ignore|nocheck)/,
      ),
    ).toEqual([])
  })

  test('ask for a metric in the way that no outage holds a scrape up', () => {
    const others = product.filter(({ path }) => path !== 'src/platform/metrics.ts')
    expect(findAll(others, /async collect\(/)).toEqual([])
  })

  test('read the environment in one place', () => {
    // main and cli hand it to readConfig; a PostgreSQL that is started needs the PATH, and nothing else of it.
    const known = ['src/cli.ts', 'src/main.ts', 'src/platform/embedded-postgres/program.ts']
    const reading = product.filter(source => /process\.env|Bun\.env|import\.meta\.env/.test(codeOnly(source).text))
    expect(reading.map(({ path }) => path).sort()).toEqual(known)
  })
})

describe('tables', () => {
  const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '')
  /** What names tables of several modules: a doctor, and a check of replays. */
  const known = ['src/commands/doctor-database.ts', 'src/dead-letters/dead-letter-checks.ts']

  test('are named in SQL by their own module only', () => {
    const named = product
      .filter(({ area }) => area !== 'platform')
      .flatMap(({ path, area, text }) => {
        const others = moduleList.filter(({ name }) => name !== area).flatMap(({ tables = [] }) => tables)
        const code = withoutComments(text)
        const isNamed = (name: string) =>
          new RegExp(`\\b((from|join|into|update|copy)\\s*'?|copyOf\\(\\s*')${name}\\b`).test(code)
        return others
          .filter(({ name }) => isNamed(name) && name !== 'schema_migrations')
          .map(({ name }) => ({ path, name }))
      })
    expect(named.filter(({ path }) => !known.includes(path))).toEqual([])
    // An exception that is needed no longer leaves the list.
    expect(known.filter(path => !named.some(other => other.path === path))).toEqual([])
  })

  test('of orders mean nothing to the event log, which names an order in the envelope of events only', () => {
    const envelope = ['channels', 'cloud-event', 'encode', 'event-requests', 'event-sql', 'schemas']
    const log = product.filter(
      ({ path, area }) => area === 'events' && !envelope.some(name => path.endsWith(`/${name}.ts`)),
    )
    const code = log.map(source => ({ ...source, text: withoutComments(source.text) }))
    expect(findAll(code, /order_uid|order_items|order_transitions|\b(from|join|into|update) orders\b/)).toEqual([])
  })
})

describe('the page', () => {
  test('takes of the service only what the service decides by, and types', () => {
    const shared = [
      'inventory/movement',
      'orders/lifecycle',
      'orders/order',
      'platform/countries',
      'platform/currencies',
      'platform/instant',
    ].map(name => `src/${name}.ts`)
    const code = web.map(source => ({ ...source, text: source.text.replace(/^import type [^']*'.*'$/gm, '') }))
    const taken = code.flatMap(source => importsOf(source).map(path => ({ from: source.path, path })))
    expect(taken.filter(({ path }) => !path.startsWith('web/') && !shared.includes(path))).toEqual([])
    expect(taken.filter(({ path }) => !existsSync(join(root, path)))).toEqual([])
  })

  test('has modules that import of each other nothing but addresses', () => {
    const common = ['platform', 'parts', 'shell']
    const between = web
      .filter(({ area }) => !['main', 'module', 'modules', ...common].includes(area))
      .flatMap(source => importsOf(source).map(path => ({ from: source.path, area: source.area, path })))
      .filter(({ path }) => path.startsWith('web/') && path !== 'web/module.ts' && !path.endsWith('/addresses.ts'))
      .filter(({ area, path }) => ![area, ...common].includes(path.split('/')[1] ?? ''))
    expect(between.map(({ from, path }) => `${from} imports ${path}`)).toEqual([])
  })

  test('puts data into the document as text only', () => {
    expect(web.length).toBeGreaterThan(20)
    const markup =
      /innerHTML|outerHTML|insertAdjacent|document\.write|createContextualFragment|DOMParser|\beval\(|new Function/
    expect(findAll(web, markup)).toEqual([])
  })

  test('has its words in one place', () => {
    const markup = web.filter(({ path }) => path.endsWith('.tsx'))
    expect(findAll(markup, />\s*[A-Za-z][a-z]+[^<>{}()=;]*<\//)).toEqual([])
    expect(findAll(markup, /^\s+[A-Z][a-z]+( [a-z]+)+[.:…]?$/)).toEqual([])
    expect(findAll(markup, /\b(aria-label|title|placeholder|alt|label)="[^"]*[a-z]/)).toEqual([])
  })
})

describe('the API', () => {
  test('no route can leave its scope out, and each scope is one that a key can have', () => {
    type CanBeLeftOut = undefined extends Route['scope'] ? true : false
    const canBeLeftOut: CanBeLeftOut = false
    expect(canBeLeftOut).toBe(false)
    const named = product.flatMap(({ text }) => [...text.matchAll(/\bscope: '([^']+)'/g)].map(match => match[1] ?? ''))
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter(scope => scope !== 'public' && !scopesOf(moduleList).includes(scope))).toEqual([])
  })

  test('the page that makes keys offers every scope that a key can have', () => {
    expect<readonly string[]>(scopesOfPage).toEqual(scopesOf(moduleList))
  })

  test('every error of the catalogue is one that can happen', () => {
    const uses = product
      .filter(({ path }) => path !== 'src/errors.ts')
      .map(({ text }) => text)
      .join('\n')
    expect(Object.keys(catalogue).filter(code => !new RegExp(`'${code}'`).test(uses))).toEqual([])
  })
})

test('the page on configuration and .env.local.example are what the declared variables say', () => {
  const read = (name: string) => readFileSync(join(root, name), 'utf8')
  expect(read('docs/configuration.md')).toBe(configurationPage())
  expect(read('.env.local.example')).toBe(environmentExample())
  const pages = variablesOf(moduleList).flatMap(({ page = [] }) => page)
  expect(pages.length).toBeGreaterThan(3)
  expect(pages.filter(page => !existsSync(join(root, 'docs', page)))).toEqual([])
})

test('every variable can be set in the Helm chart, or is one that it sets itself or that means nothing in a cluster', () => {
  const schema = JSON.parse(readFileSync(join(root, 'deploy/helm/orders/values.schema.json'), 'utf8')) as {
    properties: { config: { properties: Record<string, unknown> } }
  }
  const meaningless = ['DATA_DIR', 'SHOP_DIR', 'STATIC_DIR', 'TRACKING_PAGE_DIR']
  const database = ['DB_HOST', 'DB_PORT', 'DB_USER', 'DB_PASSWORD', 'DB_NAME']
  const own = ['SERVER_PORT', ...database, 'KAFKA_BROKERS', 'KAFKA_SASL_PASSWORD', 'API_KEYS']
  // They hold keys, or go with one, so they come from a Secret, by extraEnv.
  const secret = [
    ...['OTEL_EXPORTER_OTLP_HEADERS', 'STRIPE_API_KEY', 'STRIPE_WEBHOOK_SECRETS', 'STRIPE_API_BASE'],
    ...carriers.map(({ name }) => `TRACKING_${name.toUpperCase()}_SECRET`),
  ]
  const settable = Object.keys(schema.properties.config.properties)
  expect([...settable, ...own, ...secret, ...meaningless].sort()).toEqual(
    variablesOf(moduleList)
      .map(({ name }) => name)
      .sort(),
  )
})

test('migrations have a number each that no other has, and begin with why', () => {
  const names = readdirSync(join(root, 'migrations')).sort()
  expect(new Set(names.map(name => name.slice(0, 5))).size).toBe(names.length)
  expect(names.filter(name => !/^\d{4}_[a-z0-9_]+\.sql$/.test(name))).toEqual([])
  const first = names.map(name => readFileSync(join(root, 'migrations', name), 'utf8'))
  expect(first.filter(text => !text.startsWith('-- '))).toEqual([])
})

test('only few ask the clock of the machine: durations go by the monotonic one, deadlines by that of the database', () => {
  const allowed = [
    'src/platform/database-clock.ts', // What it is compared with.
    'src/platform/leadership.ts', // A machine that sleeps: a lease ends by either clock.
    'src/platform/kafka/producing.ts', // The time of a message, which a broker may replace.
    'src/load/run.ts', // When a made-up order is dated.
    'src/platform/http1/answer-writer.ts', // The Date field of answers.
  ]
  const asking = product.filter(source => /\bDate\.now\b|new Date\(\)/.test(codeOnly(source).text))
  expect(asking.map(({ path }) => path).sort()).toEqual(allowed.sort())
})

test('a growing pause, and a race with a timer, are written once: backoffMs and withDeadline', () => {
  const code = product.map(codeOnly)
  const schedules = ['src/platform/backoff.ts', 'src/webhooks/webhook.ts'] // That of webhooks is documented.
  expect(
    findAll(
      code.filter(({ path }) => !schedules.includes(path)),
      /2 \*\* (?!\d)|\b2 \* \w*(pause|delay|wait)|(pause|delay|wait)\w* \*=? 2\b/i,
    ),
  ).toEqual([])
  const others = code.filter(({ path }) => path !== 'src/platform/deadline.ts')
  expect(findAll(others, /Promise\.race\(.*(sleep|setTimeout|timer|expiry|silence)/i)).toEqual([])
  const shadows = code.filter(({ path }) => path !== 'src/platform/periodic.ts')
  expect(findAll(shadows, /sleep\(.*signal.*\)\.catch/)).toEqual([])
})

test('advisory locks have a number each, which no other file names', () => {
  const numbers: number[] = [...Object.values(advisoryLocks), ...Object.values(advisoryLockSpaces)]
  expect(new Set(numbers).size).toBe(numbers.length)
  const others = product.filter(({ path }) => path !== 'src/advisory-locks.ts')
  // A lock function is given a parameter, or a constant by name.
  expect(findAll(others, /pg_(try_)?advisory_\w*lock\w*\(\s*(?!\$\d|\$\{)/)).toEqual([])
  expect(findAll(others, /[lL]ock(Space)?(: | = )[\d_]+/)).toEqual([])
  const sql = readdirSync(join(root, 'migrations')).map(name => readFileSync(join(root, 'migrations', name), 'utf8'))
  const inMigrations = sql.flatMap(text =>
    [...text.matchAll(/advisory_\w*lock\w*\((\d+)/g)].map(match => Number(match[1])),
  )
  expect(new Set(inMigrations)).toEqual(new Set([advisoryLocks.logHome]))
})

test('dependencies are pinned to exact versions', () => {
  const described = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
    string,
    Record<string, string>
  >
  const kinds = ['dependencies', 'devDependencies', 'optionalDependencies']
  const versions = kinds.flatMap(kind => Object.entries(described[kind] ?? {}))
  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([])
})
