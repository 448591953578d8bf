import type { PostgresAddress } from '../src/platform/postgres.ts'
import type { BenchmarkContext } from './context.ts'
import { createDatabase, dropDatabase, settle, withClient } from './environment.ts'
import { type Figure, type Findings, percentile } from './figures.ts'
import { pageLimitMs, type PageTimes, timePage, timeRounds } from './page-times.ts'
import { databaseSettings, startServiceProcess } from './service-process.ts'
import { residentMaxMib, type Watched } from './usage.ts'

const itemsDefault = 1_000_000
/** How many items the catalogue has when it is listed and searched; a page has to be made within `pageLimitMs`. */
const listed = 100_000
/** Of 300 requests two are above the p99; of 100 it would be the slowest of them. */
const rounds = 300
const warmUpRounds = 50
/** Lines of one request, and how many items are imported again. */
const batchLines = 50_000
const againMax = 200_000

/**
 * A catalogue is imported as NDJSON, listed and searched by common words and by rare ones; it grows to a million, is listed again, and
 * is imported again as it is.
 */
export async function benchItems(context: BenchmarkContext): Promise<Findings> {
  const { environment, note } = context
  const count = context.orders ?? itemsDefault
  const few = Math.min(listed, count)
  const server = await environment.postgres()
  const address = await createDatabase(server)
  const service = await startServiceProcess({
    ...{ folder: environment.folder, profileFolder: context.profileFolder },
    environment: databaseSettings(address),
  })
  const pagesOf = async (items: number) => {
    note(`items: stock of each, then ${rounds} rounds of ${pages.length} kinds of page of ${items}`)
    await fillStock(address)
    await settle(address)
    return measurePages(service.url, items, { service: service.pid, PostgreSQL: server.processId() })
  }
  try {
    note(`items: importing ${count}`)
    const firstMs = await importItems(service.url, 0, few, 'created')
    const ofFew = await pagesOf(few)
    note(`items: importing the rest of ${count}`)
    const restMs = await importItems(service.url, few, count, 'created')
    const again = Math.min(count, againMax)
    const againMs = await importItems(service.url, 0, again, 'unchanged')
    const resident = residentMaxMib(service.pid)
    const ofAll = few === count ? undefined : await pagesOf(count)
    return {
      figures: [
        { what: 'items imported, all new', value: count / ((firstMs + restMs) / 1000), unit: 'items/s' },
        { what: 'items imported, all as they are', value: again / (againMs / 1000), unit: 'items/s' },
        ...(resident === undefined ? [] : [memory(resident)]),
        ...figuresOf(ofFew.times, few, pageLimitMs),
        ...figuresOf(ofAll?.times ?? [], count, undefined),
      ],
      notes: [
        `${count} items in requests of ${batchLines} lines, one after another; a page has 100 items, every other begins anywhere in the list`,
        `${rounds} requests of each kind, one at a time: ${ofFew.processors}`,
      ],
    }
  } finally {
    await service.stop()
    await dropDatabase(server, address)
  }
}

const memory = (mib: number): Figure => ({
  ...{ what: 'resident set, maximum, of the import', value: mib, unit: 'MiB' },
  must: { of: 'value', atMost: 350 },
})

/** What items are called: words that every second item has, and words of one item in 20, 100, 500, 2,000 and 20,000. */
function nameOf(index: number): string {
  const word = (name: string, among: number, step: number) => `${name}${letters((index * step) % among)}`
  return `${index % 2 === 0 ? 'Classic' : 'Sport'} ${word('Hat', 20, 7)} ${word('Model', 100, 37)} ${word('Line', 2_000, 919)}`
}

const brandOf = (index: number) => `Brand${letters((index * 173) % 500)} House${letters((index * 7_919) % 20_000)}`

/** A number in letters: numbers are found by their beginnings as well. */
const letters = (number: number) =>
  [...number.toString(20)].map(digit => String.fromCharCode(97 + parseInt(digit, 20))).join('')

function lineOf(index: number): string {
  const item = {
    chrt_id: 10_000_000 + index * 3,
    nm_id: 1_000_000 + (index >> 2),
    name: nameOf(index),
    brand: brandOf(index),
  }
  return JSON.stringify({
    ...item,
    size: ['S', 'M', 'L', 'XL'][index % 4],
    prices: { USD: 45_300, EUR: 41_200 },
    sale: 30,
  })
}

/** Imports items from one number to before another. @returns the time from each request to its last answer, in milliseconds */
async function importItems(url: string, from: number, to: number, outcome: 'created' | 'unchanged'): Promise<number> {
  let spentMs = 0
  for (let first = from; first < to; first += batchLines) {
    const lines = Array.from({ length: Math.min(batchLines, to - first) }, (_, at) => lineOf(first + at))
    const body = `${lines.join('\n')}\n`
    const headers = { 'content-type': 'application/x-ndjson' }
    const startedMs = performance.now()
    const answer = await (await fetch(`${url}/api/items/batch`, { method: 'POST', headers, body })).text()
    spentMs += performance.now() - startedMs
    const end = JSON.parse(answer.trimEnd().split('\n').at(-1) ?? '{}') as Record<string, unknown>
    if (end.complete !== true || end[outcome] !== lines.length)
      throw new Error(`the import ended with ${JSON.stringify(end)}`)
  }
  return spentMs
}

/** Has stock of every item, of which one in a thousand is low, as the worker has told. */
async function fillStock(address: PostgresAddress): Promise<void> {
  await withClient(address, async client => {
    await client.query(
      `insert into stock (chrt_id, location, on_hand, reserved, unavailable, backorder_limit, backorder_bound, as_of)
       select chrt_id, 'main', case when chrt_id % 1000 = 0 then 1 else 100 end, 0, 0, 0, 0, now() from items
       on conflict do nothing`,
    )
    await client.query(
      `insert into item_streams (chrt_id, version, level, updated_at)
       select chrt_id, 0, case when on_hand = 1 then 'low' else 'in_stock' end, now() from stock
       on conflict do nothing`,
    )
    await client.query('vacuum analyze items, stock, item_streams')
  })
}

type Page = Readonly<{ name: string; path: (index: number) => string }>

const search = (words: (index: number) => string) => (index: number) =>
  `/api/items?q=${encodeURIComponent(words(index))}`
const nth = (index: number, place: number) => `${nameOf(index)} ${brandOf(index)}`.split(' ')[place] ?? ''

const pages: readonly Page[] = [
  { name: 'listed', path: () => '/api/items?' },
  { name: 'by one word in 2', path: search(index => nth(index, 0)) },
  { name: 'by one in 20', path: search(index => nth(index, 1)) },
  { name: 'by one in 100', path: search(index => nth(index, 2)) },
  { name: 'by one in 500', path: search(index => nth(index, 4)) },
  { name: 'by one in 2,000', path: search(index => nth(index, 3)) },
  { name: 'by one in 20,000', path: search(index => nth(index, 5)) },
  { name: 'by its beginning, of all', path: search(() => 'mod') },
  { name: 'by its beginning, of some', path: search(index => nth(index, 4).slice(0, -1)) },
  { name: 'by three words', path: search(index => `${nth(index, 2)} ${nth(index, 4)} ${nth(index, 0)}`) },
  { name: 'by number', path: search(index => String(10_000_000 + index * 3)) },
  { name: 'by a word of none', path: search(() => 'nothing') },
  { name: 'stock that is low', path: () => '/api/stock?level=low' },
  { name: 'stock that is out', path: () => '/api/stock?level=out_of_stock' },
]

function measurePages(url: string, count: number, watched: Watched) {
  const kinds = pages.map(({ name, path }) => ({
    name,
    time(round: number) {
      const cursor = round % 2 === 0 ? '' : `&cursor=${10_000_000 + Math.floor(Math.random() * count) * 3}`
      return timePage(`${url}${path(Math.floor(Math.random() * count))}${cursor}`)
    },
  }))
  return timeRounds(kinds, { rounds, warmUpRounds, watched })
}

function figuresOf(times: readonly PageTimes[], count: number, atMost: number | undefined): Figure[] {
  return times.flatMap(({ name, timesMs }): Figure[] => {
    const sorted = timesMs.toSorted((a, b) => a - b)
    const of = `${count.toLocaleString('en')} items, ${name}`
    const must = atMost === undefined ? {} : { must: { of: 'value', atMost } as const }
    return [
      { what: `${of}, p99`, value: percentile(sorted, 0.99), unit: 'ms', ...must },
      { what: `${of}, p50`, value: percentile(sorted, 0.5), unit: 'ms' },
    ]
  })
}
