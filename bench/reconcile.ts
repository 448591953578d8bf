import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import type { BenchmarkContext } from './context.ts'
import { createDatabase, dropDatabase, settle, withClient } from './environment.ts'
import type { Figure, Findings } from './figures.ts'

const linesDefault = 1_000_000
const amount = 2620
const [feeMinor, payoutLines] = [62, 10_000]

/**
 * Lines a second of `./orders reconcile`, from its start to its end: a file of Stripe's form with a payment in each line, compared with as
 * many payments. A trial, a run that books a fee for each line, and the same again, which finds all of them booked.
 */
export async function benchReconcile(context: BenchmarkContext): Promise<Findings> {
  const { environment, note } = context
  const lines = context.orders ?? linesDefault
  const server = await environment.postgres()
  const address = await createDatabase(server)
  try {
    note(`reconcile: writing ${lines} payments and lines`)
    await fillPayments(address, lines)
    const path = join(environment.folder, 'settlements.csv')
    await writeFile(path, lines)
    await settle(address)
    const compared = await measure(address, [path, '--dry-run'], lines)
    note('reconcile: booking')
    const booked = await measure(address, [path], lines)
    note('reconcile: once more')
    await settle(address)
    const again = await measure(address, [path], lines)
    return {
      figures: [
        ...figuresOf('compared, a trial', compared, 100_000),
        ...figuresOf('compared, every fee booked by the run', booked),
        ...figuresOf('compared, every fee booked before', again, 100_000),
      ],
      notes: [`${lines} lines, all of them matched`],
    }
  } finally {
    await dropDatabase(server, address)
  }
}

type Run = { linesPerSecond: number; residentMib: number }

function figuresOf(what: string, { linesPerSecond, residentMib }: Run, atLeast?: number): Figure[] {
  return [
    {
      ...{ what: `lines ${what}`, value: linesPerSecond, unit: 'lines/s' },
      ...(atLeast === undefined ? {} : { must: { of: 'value', atLeast } }),
    },
    { what: `resident set, maximum, ${what}`, value: residentMib, unit: 'MiB', must: { of: 'value', atMost: 200 } },
  ]
}

/** Runs the command as a person does. @throws Error with what it said when not every line is matched */
async function measure(address: PostgresAddress, args: readonly string[], lines: number): Promise<Run> {
  const { PATH = '', HOME = '' } = process.env
  const database = { DB_HOST: address.host, DB_PORT: String(address.port), DB_USER: address.user }
  const startedMs = performance.now()
  const root = join(import.meta.dirname, '..')
  const child = Bun.spawn([join(root, 'orders'), 'reconcile', ...args, '--format', 'stripe', '--json'], {
    cwd: root,
    env: { PATH, HOME, ...database, DB_PASSWORD: address.password ?? '', DB_NAME: address.database },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, said] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  if ((await child.exited) !== 0 || JSON.parse(out).outcomes.matched !== lines) throw new Error(`${said}${out}`)
  const seconds = (performance.now() - startedMs) / 1000
  return { linesPerSecond: lines / seconds, residentMib: (child.resourceUsage()?.maxRSS ?? 0) / 1024 / 1024 }
}

async function fillPayments(address: PostgresAddress, count: number): Promise<void> {
  await withClient(address, async client => {
    const id = "lpad(n::text, 24, '0')"
    const given = `generate_series(1, ${count}) n`
    await client.query(
      `insert into payments (order_uid, payment_id, provider, provider_ref, currency, amount, capture, state, authorized, captured,
                             version, created_at, updated_at)
       select 'order-' || ${id}, 'pay_' || ${id}, 'stripe', 'pi_' || ${id}, 'EUR', ${amount}, 'automatic', 'captured', ${amount}, ${amount},
              2, '2026-11-20', '2026-11-20' from ${given}`,
    )
    await client.query(
      `insert into payment_operations (order_uid, payment_id, operation_id, kind, amount, is_final, state, reason, actor, rids,
                                       provider_ref, attempts, requested_at, sent_at, settled_at)
       select 'order-' || ${id}, 'pay_' || ${id}, 'op_' || ${id}, 'capture', ${amount}, true, 'succeeded', '', 'bench', '{}', 'ch_' || ${id}, 1,
              '2026-11-20', '2026-11-20', '2026-11-20' from ${given}`,
    )
    await client.query('vacuum analyze payments, payment_operations')
  })
}

const heading = `automatic_payout_id,automatic_payout_effective_at_utc,balance_transaction_id,created_utc,available_on_utc,currency,gross,fee,net,reporting_category,source_id,description,customer_facing_amount,customer_facing_currency,charge_id,payment_intent_id`

async function writeFile(path: string, lines: number): Promise<void> {
  const file = createWriteStream(path)
  file.write(`${heading}\n`)
  for (let line = 1; line <= lines; line += 1) {
    const id = String(line).padStart(24, '0')
    const payout = `po_${Math.floor(line / payoutLines)}`
    const money = `${(amount / 100).toFixed(2)},${(feeMinor / 100).toFixed(2)},${((amount - feeMinor) / 100).toFixed(2)}`
    const text = `${payout},2026-11-24 00:00:00,txn_${id},2026-11-20 10:00:00,2026-11-23 00:00:00,eur,${money},charge,ch_${id},Order ${line},26.20,eur,ch_${id},pi_${id}\n`
    if (!file.write(text)) await once(file, 'drain')
  }
  file.end()
  await once(file, 'finish')
}
