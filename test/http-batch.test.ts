import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import type { BatchResultView } from '../src/orders/views.ts'
import { sendBatch } from './batch-client.ts'
import { createMigratedDatabase } from './database.ts'
import { countInDatabase, expectConsistent, expectOrders } from './invariants.ts'
import { badLines, makeOrders } from './orders.ts'
import { databaseEnv, endServices, type ServiceProcess, startServiceProcess } from './service-process.ts'

/** 1,000,000 works, too: neither the test nor the service keeps the batch in memory. */
const lineCount = Number(process.env.LINES_IN_BATCH_TEST || 20_000)
const comparedMax = 100_000
const memoryMiBMax = 768

setDefaultTimeout(60_000 + lineCount)
afterEach(() => endServices())

type Fate = { uid: string; outcome: BatchResultView['outcome']; code?: string; pointer?: string }

/** The lines of a batch, and what each must be answered: noted in `fates` when the line is made. */
function* makeLines(count: number, prefix: string, fates: Fate[], sent: Map<string, string>): Generator<Buffer> {
  for (let first = 0; first < count; first += 100) {
    const orders = makeOrders(100, `${prefix}-${first}`)
    const bad = badLines(orders[99] ?? makeBroken())
    for (const [index, order] of orders.entries()) {
      const before = orders[index - 1] ?? order
      const kind = bad[(first / 100) % bad.length]
      if (index === 40) {
        fates.push({ uid: before.order_uid, outcome: 'duplicate' })
        yield Buffer.from(JSON.stringify(before))
      } else if (index === 60) {
        fates.push({ uid: before.order_uid, outcome: 'refused', code: 'ORDER_CONFLICT' })
        yield Buffer.from(JSON.stringify({ ...before, locale: 'de' }))
      } else if (index === 99 && kind !== undefined) {
        fates.push({ uid: '', outcome: 'refused', code: 'ORDER_INVALID', pointer: kind.pointer })
        yield kind.line
      } else {
        fates.push({ uid: order.order_uid, outcome: 'placed' })
        const json = JSON.stringify(order)
        if (sent.size < comparedMax) sent.set(order.order_uid, json)
        yield Buffer.from(json)
      }
    }
  }
}

function makeBroken(): never {
  throw new Error('orders were made in hundreds')
}

async function expectAnswered(service: ServiceProcess, prefix: string, count: number, readsLate: boolean) {
  const [fates, sent] = [[] as Fate[], new Map<string, string>()]
  const problems: string[] = []
  let [answered, placed, isComplete] = [0, 0, false]
  for await (const line of sendBatch({ url: service.url, lines: makeLines(count, prefix, fates, sent), readsLate })) {
    const answer: BatchResultView = JSON.parse(line)
    if ('complete' in answer) {
      expect(answer).toMatchObject({ complete: true, count: answered, placed } as object)
      isComplete = true
      continue
    }
    // Fates are forgotten when they are met, so that a long batch does not stay in the memory of the test.
    const fate = fates[answered]
    delete fates[answered]
    answered += 1
    if (answer.outcome === 'placed') placed += 1
    const isRight =
      fate !== undefined &&
      answer.line === answered &&
      answer.outcome === fate.outcome &&
      answer.code === fate.code &&
      (fate.uid === '' || answer.order_uid === fate.uid) &&
      (fate.pointer === undefined || answer.errors?.some(({ pointer }) => pointer.startsWith(fate.pointer ?? '')))
    if (!isRight && problems.length < 5) problems.push(`${line} for ${JSON.stringify(fate)}`)
  }
  expect(problems).toEqual([])
  expect(answered).toBe(count)
  expect(isComplete).toBe(true)
  return { sent, placed }
}

/** The most memory that a process has had until now, in MiB; undefined where the system does not tell. */
function peakMemoryMiB({ pid }: ServiceProcess): number | undefined {
  if (process.platform !== 'linux') return undefined
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Math.round(Number(kibibytes) / 1024)
}

test('a long batch is answered line by line, in order, in bounded memory', async () => {
  const { address } = await createMigratedDatabase()
  const service = await startServiceProcess({ env: databaseEnv(address) })
  const startedMs = Date.now()
  const { sent, placed } = await expectAnswered(service, 'batch', lineCount, false)
  const durationMs = Date.now() - startedMs
  const peak = peakMemoryMiB(service)
  console.error(`  ${lineCount} lines in ${durationMs} ms, the service took ${peak} MiB at most`)
  expect(await countInDatabase(address, 'select count(*) from orders')).toBe(placed)
  expect(peak ?? 0).toBeLessThan(memoryMiBMax)
  if (lineCount > comparedMax) return
  await expectOrders(service.url, sent, sent.keys())
  await expectConsistent(address)
})

test('a client that reads no result until it has sent everything is served as well', async () => {
  const { address } = await createMigratedDatabase()
  const service = await startServiceProcess({ env: databaseEnv(address) })
  const { sent } = await expectAnswered(service, 'late', 20_000, true)
  await expectOrders(service.url, sent, sent.keys())
})

test('a client that disconnects: every result it got is stored, and nothing that it did not send', async () => {
  const { address } = await createMigratedDatabase()
  const service = await startServiceProcess({ env: databaseEnv(address) })
  const [fates, sent] = [[] as Fate[], new Map<string, string>()]
  const told: string[] = []
  for await (const line of sendBatch({ url: service.url, lines: makeLines(20_000, 'broken', fates, sent) })) {
    const answer: Partial<BatchResultView> = JSON.parse(line)
    if (answer.outcome === 'placed' && answer.order_uid !== undefined) told.push(answer.order_uid)
    if (told.length === 3_000) break
  }
  await expectOrders(service.url, sent, told)
  await expectConsistent(address)
})
