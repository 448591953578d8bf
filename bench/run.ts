import { parseArgs } from 'node:util'
import { type Build, checkOutBuild } from './builds.ts'
import { benchCheckout } from './checkout.ts'
import { compareIngest, comparePost } from './compare-builds.ts'
import type { Benchmark, BenchmarkContext } from './context.ts'
import { createEnvironment, type Environment } from './environment.ts'
import { benchFlashSale } from './flash-sale.ts'
import { benchGet } from './get.ts'
import { benchGrowth } from './growth.ts'
import { benchIngest } from './ingest.ts'
import { benchItems } from './items.ts'
import { benchLedger } from './ledger.ts'
import { benchList } from './list.ts'
import { describeMachine } from './machine.ts'
import { benchMovements } from './movements.ts'
import { benchPayments } from './payments.ts'
import { benchPost } from './post.ts'
import { benchPublish } from './publish.ts'
import { benchReaders } from './readers.ts'
import { benchReplay } from './replay.ts'
import { benchReconcile } from './reconcile.ts'
import { type Result, renderJson, renderTable } from './report.ts'
import { benchShipments } from './shipments.ts'
import { benchStart } from './start.ts'
import { benchTracing } from './tracing.ts'
import { benchTracked } from './tracked.ts'
import { benchTracking } from './tracking.ts'

const benchmarks: readonly Benchmark[] = [
  {
    name: 'ingest',
    summary: 'Kafka to PostgreSQL (--orders, 300000)',
    run: benchIngest,
    compare: compareIngest,
  },
  {
    name: 'post',
    summary: 'POST /api/orders at 256 connections (--seconds, 60)',
    run: benchPost,
    compare: comparePost,
  },
  { name: 'payments', summary: 'authorize and capture at 64 connections (--seconds, 15)', run: benchPayments },
  { name: 'checkout', summary: 'whole checkouts at 64 connections (--seconds, 15)', run: benchCheckout },
  { name: 'flash-sale', summary: '10,000 buyers of 500 units at 256 connections, two instances', run: benchFlashSale },
  { name: 'get', summary: 'cached GET /api/orders/:id (--seconds a round, 5)', run: benchGet },
  { name: 'list', summary: 'pages of GET /api/orders (--orders stored, 1000000)', run: benchList },
  { name: 'start', summary: 'from exec to ready (--orders stored, 100000)', run: benchStart },
  { name: 'publish', summary: 'commit to event on Kafka and SSE at 1000 orders/s (--seconds, 30)', run: benchPublish },
  { name: 'readers', summary: 'what the relay and 100 streams cost the intake (--orders, 150000)', run: benchReaders },
  { name: 'replay', summary: 'the whole log by SSE (--orders, 1000000 events)', run: benchReplay },
  {
    name: 'ledger',
    summary: 'transfers/s, beside pgledger (--seconds a round, 10)',
    isOptional: true,
    run: benchLedger,
  },
  {
    name: 'reconcile',
    summary: 'a settlement file compared with as many payments (--orders lines, 1000000)',
    isOptional: true,
    run: benchReconcile,
  },
  {
    name: 'tracked',
    summary: 'Kafka to PostgreSQL, every item tracked and nothing tracked (--orders, 150000)',
    isOptional: true,
    run: benchTracked,
  },
  {
    name: 'tracking',
    summary: 'reports of carriers from Kafka, and where a parcel is (--orders parcels, 20000)',
    isOptional: true,
    run: benchTracking,
  },
  {
    name: 'items',
    summary: 'a catalogue imported, listed and searched (--orders items, 1000000)',
    isOptional: true,
    run: benchItems,
  },
  {
    name: 'shipments',
    summary: 'pages of GET /api/shipments by every filter and pair (--orders shipments, 1000000)',
    isOptional: true,
    run: benchShipments,
  },
  {
    name: 'movements',
    summary: 'verify on movements of stock (--orders movements, 1000000)',
    isOptional: true,
    run: benchMovements,
  },
  { name: 'tracing', summary: 'what traces cost (--seconds a round, 5)', isOptional: true, run: benchTracing },
  { name: 'growth', summary: 'ingest at 5 million orders (--orders stored)', isOptional: true, run: benchGrowth },
]

const help = `Measures the service against baselines in the same run and prints a table.

Usage: make bench ARGS='…'   or   bun bench/run.ts …

  --only A,B        these benchmarks, instead of all but the optional ones
  --orders N        how many orders, where it counts in orders
  --seconds N       how long, where it takes a time
  --against REV     compares this build with that of a commit, in turn (ingest and post)
  --json            prints JSON instead of the table
  --profile FOLDER  the service leaves profiles of its processor time there (ingest)
  --pgledger FOLDER a clone of github.com/pgr0ss/pgledger at v0.7.0 (ledger)
  --help            this text

${benchmarks.map(one => `  ${one.name.padEnd(10)}${one.summary}${one.isOptional ? ', optional' : ''}`).join('\n')}

A target that is missed is marked in the table. The exit code is 1 only when something could not be measured.
`

function fail(sentence: string): never {
  process.stderr.write(`${sentence}\n`)
  process.exit(2)
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string' },
        orders: { type: 'string' },
        seconds: { type: 'string' },
        profile: { type: 'string' },
        pgledger: { type: 'string' },
        against: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    return values
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : error}; see --help`)
  }
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 1) fail(`--${name} takes a whole number from 1, not ${text}`)
  return number
}

function choose(only: string | undefined, isCompared: boolean): readonly Benchmark[] {
  if (only === undefined) return benchmarks.filter(one => (isCompared ? one.compare : !one.isOptional))
  return only.split(',').map(name => {
    const found = benchmarks.find(one => one.name === name) ?? fail(`there is no benchmark ${name}; see --help`)
    return isCompared && found.compare === undefined ? fail(`${name} compares no builds; see --help`) : found
  })
}

async function measure(benchmark: Benchmark, context: BenchmarkContext, other: Build | undefined): Promise<Result> {
  const startedMs = performance.now()
  const seconds = () => Math.round((performance.now() - startedMs) / 1000)
  try {
    const findings = await (other && benchmark.compare ? benchmark.compare(context, other) : benchmark.run(context))
    return { benchmark: benchmark.name, durationSeconds: seconds(), ...findings }
  } catch (error) {
    const failure = error instanceof Error ? (error.stack ?? error.message) : String(error)
    context.note(`${benchmark.name}: ${failure}`)
    return { benchmark: benchmark.name, durationSeconds: seconds(), failure }
  }
}

async function checkOut(revision: string, { folder }: Environment, note: BenchmarkContext['note']): Promise<Build> {
  note(`checking out ${revision}, and installing its dependencies`)
  return checkOutBuild(revision, folder).catch((error: Error) => fail(`--against ${revision}: ${error.message}`))
}

async function main(): Promise<number> {
  const values = readArguments()
  if (values.help) {
    process.stdout.write(help)
    return 0
  }
  const chosen = choose(values.only, values.against !== undefined)
  const orders = wholeNumber('orders', values.orders)
  const seconds = wholeNumber('seconds', values.seconds)
  const startedMs = performance.now()
  const note = (line: string) => {
    process.stderr.write(`${((performance.now() - startedMs) / 1000).toFixed(0).padStart(5)} s  ${line}\n`)
  }
  const environment = createEnvironment(note)
  const results: Result[] = []
  try {
    const { profile: profileFolder, pgledger: pgledgerFolder } = values
    const context = { environment, orders, seconds, profileFolder, pgledgerFolder, note }
    const other = values.against === undefined ? undefined : await checkOut(values.against, environment, note)
    for (const benchmark of chosen) results.push(await measure(benchmark, context, other))
    const postgres = (await environment.postgres()).serverVersion
    const machine = describeMachine(postgres, environment.kafkaVersion())
    process.stdout.write(values.json ? renderJson(machine, results) : renderTable(machine, results))
  } finally {
    await environment.close()
  }
  return results.some(result => 'failure' in result) ? 1 : 0
}

process.exit(await main())
