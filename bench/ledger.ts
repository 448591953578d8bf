import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { addToSums } from '../src/ledger/sums.ts'
import type { Transfer } from '../src/ledger/transfer.ts'
import { insertTransfers } from '../src/ledger/transfers.ts'
import { createLogger } from '../src/platform/log.ts'
import { createPool, inTransaction, type Pool, type PostgresAddress } from '../src/platform/postgres.ts'
import type { BenchmarkContext } from './context.ts'
import { createDatabase, dropDatabase, settle, withClient } from './environment.ts'
import { type Figure, type Findings, median } from './figures.ts'

const secondsDefault = 10
const rounds = 3

/** Callers at a time, each with a payment: a sale and a capture. */
const callers = 32
/** Payments are written in groups, of which two are under way: what waits meanwhile is the next one. */
const writers = 2
/** Enough to keep two cores busy, while few wait for the rows of accounts that every payment moves. */
const fewCallers = 4

/** The files of pgledger 0.7.0, in the order in which they are run. */
const pgledgerFiles = [
  'vendor/scoville-pgsql-ulid/ulid-to-uuid.sql',
  'vendor/scoville-pgsql-ulid/uuid-to-ulid.sql',
  'pgledger.sql',
]

/**
 * Transfers a second, durable, with balances kept, each ledger as its documentation says: ours in groups of payments, as the service
 * writes them; pgledger, the SQL ledger, by one call of `pgledger_create_transfers` for the transfers of a payment. Both have the same
 * accounts, in the same database. pgledger is also called with many payments at once, which no application does whose requests are
 * transactions of their own: it says how much of the difference is grouping.
 */
export async function benchLedger(context: BenchmarkContext): Promise<Findings> {
  const { environment, note, pgledgerFolder } = context
  const seconds = context.seconds ?? secondsDefault
  const server = await environment.postgres()
  const address = await createDatabase(server)
  const pool = createPool(address, { connectionsMax: callers, name: 'bench', log: createLogger({ level: 'silent' }) })
  try {
    const accounts = pgledgerFolder === undefined ? undefined : await installPgledger(address, pgledgerFolder)
    const [ours, theirs, few, grouped]: number[][] = [[], [], [], []]
    for (let round = 1; round <= rounds; round += 1) {
      note(`ledger: round ${round} of ${rounds}`)
      ours?.push(await measure(address, () => writeGroups(pool, seconds)))
      if (accounts === undefined) continue
      theirs?.push(
        await measure(address, () => callPgledger(pool, accounts, { seconds, connections: callers, payments: 1 })),
      )
      few?.push(
        await measure(address, () => callPgledger(pool, accounts, { seconds, connections: fewCallers, payments: 1 })),
      )
      const payments = callers / writers
      grouped?.push(
        await measure(address, () => callPgledger(pool, accounts, { seconds, connections: writers, payments })),
      )
    }
    return findingsOf(
      median(ours ?? []),
      accounts && {
        ...{ single: median(theirs ?? []), few: median(few ?? []), grouped: median(grouped ?? []) },
      },
    )
  } finally {
    await pool.end()
    await dropDatabase(server, address)
  }
}

/** @param run returns how many transfers were booked. @returns transfers a second */
async function measure(address: PostgresAddress, run: () => Promise<number>): Promise<number> {
  await settle(address)
  const startedMs = performance.now()
  const transfers = await run()
  return transfers / ((performance.now() - startedMs) / 1000)
}

let payments = 0

/** A payment of an order: its sale and its capture, with ids of the form and length that the service makes. */
function transfersOfPayment(): Transfer[] {
  payments += 1
  const number = String(payments).padStart(24, '0')
  const orderUid = `order-${number}`
  const common = { currency: 'USD', amount: 1817, orderUid, orders: undefined, recordedAt: new Date() }
  const [paymentId, operationId] = [`pay_${number}`, `op_${number}`]
  return [
    { ...common, transferId: `${orderUid}:sale`, kind: 'sale', provider: undefined, paymentId, operationId: undefined },
    { ...common, transferId: operationId, kind: 'capture', provider: 'sandbox', paymentId, operationId },
  ]
}

/** Writes groups for some seconds, while the sums are kept; it ends when the sums have everything. */
async function writeGroups(pool: Pool, seconds: number): Promise<number> {
  const untilMs = performance.now() + seconds * 1000
  let [booked, isOver] = [0, false]
  const write = async () => {
    while (performance.now() < untilMs) {
      const transfers = Array.from({ length: callers / writers }, transfersOfPayment).flat()
      await inTransaction(pool, client => insertTransfers(client, transfers))
      booked += transfers.length
    }
  }
  const sum = async () => {
    for (let added = 0; !isOver || added > 0; ) {
      added = await addToSums(pool)
      if (added === 0 && !isOver) await new Promise(resolve => setTimeout(resolve, 100))
    }
  }
  const summing = sum()
  await Promise.all(Array.from({ length: writers }, write))
  isOver = true
  await summing
  while ((await addToSums(pool)) > 0);
  return booked
}

type PgledgerAccounts = { receivable: string; revenue: string; clearing: string }

async function installPgledger(address: PostgresAddress, folder: string): Promise<PgledgerAccounts> {
  return withClient(address, async client => {
    for (const file of pgledgerFiles) await client.query(readFileSync(join(folder, file), 'utf8'))
    const make = async (name: string) => {
      const { rows } = await client.query<{ id: string }>("select id from pgledger_create_account($1, 'USD')", [name])
      return rows[0]?.id ?? ''
    }
    return {
      receivable: await make('receivable'),
      revenue: await make('revenue'),
      clearing: await make('clearing:sandbox'),
    }
  })
}

/** Calls pgledger for some seconds: a transaction books some payments, each with a sale and a capture. */
async function callPgledger(
  pool: Pool,
  { receivable, revenue, clearing }: PgledgerAccounts,
  { seconds, connections, payments }: { seconds: number; connections: number; payments: number },
): Promise<number> {
  const untilMs = performance.now() + seconds * 1000
  let booked = 0
  const statement = `
    select count(*)
      from pgledger_create_transfers(
             (select array_agg((debit, credit, 1817)::transfer_request)
                from generate_series(1, $4::int)
               cross join (values ($1::text, $2::text), ($3, $1)) one (debit, credit)))`
  const call = async () => {
    while (performance.now() < untilMs) {
      await pool.query(statement, [receivable, revenue, clearing, payments])
      booked += 2 * payments
    }
  }
  await Promise.all(Array.from({ length: connections }, call))
  return booked
}

function findingsOf(ours: number, theirs: { single: number; few: number; grouped: number } | undefined): Findings {
  const figure = { what: `transfers, ${callers} payments at a time`, value: ours, unit: 'transfers/s' } as const
  if (theirs === undefined) {
    const sentence =
      'not compared: say where a clone of github.com/pgr0ss/pgledger at v0.7.0 is, with --pgledger FOLDER'
    return { figures: [figure], notes: [sentence] }
  }
  const figures: Figure[] = [
    { ...figure, against: { what: 'pgledger 0.7.0', value: theirs.single }, must: { of: 'ratio', atLeast: 10 } },
    {
      ...figure,
      against: { what: `pgledger 0.7.0, ${fewCallers} payments at a time`, value: theirs.few },
      must: { of: 'ratio', atLeast: 10 },
    },
    { ...figure, against: { what: 'pgledger 0.7.0, as many in a call', value: theirs.grouped } },
  ]
  return {
    figures,
    notes: [
      `a payment is a sale and a capture; the service writes ${callers / writers} payments a transaction on ${writers} connections, and ends when ` +
        `its sums have everything; pgledger is called once for each payment, by ${callers} connections or ${fewCallers}, as it is documented, or by ` +
        `${writers} with as many payments in a call`,
    ],
  }
}
