import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KafkaMessage } from 'kafkajs'
import { createTestDatabase, type TestDatabase } from './database.ts'
import { expectConsistent } from './invariants.ts'
import { eventually, kafkaAvailability, testBroker } from './kafka.ts'
import { isInstalled } from './monitoring-rules.ts'
import { databaseEnv, endServices, type ServiceProcess, startServiceProcess } from './service-process.ts'
import { followTopic, makeTopics, type Topics } from './topics.ts'

/** The commands of documents are run one by one, and each prints what stands below it. Documents of a group share a service, in this order. */

setDefaultTimeout(90_000)

const root = join(import.meta.dirname, '..')
const groups: readonly Group[] = [
  [
    ['docs/payments.md', 'an unpaid order is authorized, captured and refunded in parts'],
    ['docs/inventory.md', 'items are written, imported and searched, and their stock is moved and counted'],
    ['docs/prices.md', 'discount codes, delivery methods and tax rates are made'],
    ['docs/carts.md', 'a cart is filled, priced, checked out and pressed again'],
    ['docs/returns.md', 'units of an order come back, and are refunded'],
  ],
  // Its catalogue is empty at first.
  [['docs/shop.md', 'a guest buys from the demo shop']],
  // Everything that happens is in the topic of events, too.
  [['docs/deliveries.md', 'an order goes out in two parcels, one is delivered and one comes back', 'parcels-1']],
]
const areInstalled = isInstalled('jq', 'the commands of documents') && isInstalled('curl', 'the same')

/** A document, what it walks through, and the order whose events a consumer must have seen by its end. */
type Group = readonly (readonly [document: string, title: string, followed?: string])[]

type Step = { command: string; printed: string }

/** The commands of a document, each with the lines that stand below it. A command goes on after a line that ends with a pipe. */
function stepsOf(document: string): Step[] {
  const steps: Step[] = []
  for (const [, block = ''] of document.matchAll(/^```sh\n(.*?)^```$/gms)) {
    for (const line of block.trimEnd().split('\n')) {
      const last = steps.at(-1)
      if (line.startsWith('$ ')) steps.push({ command: line.slice(2), printed: '' })
      else if (last === undefined) throw new Error(`a block begins without a command: ${line}`)
      else if (last.printed === '' && last.command.endsWith('|')) last.command += ` ${line.trim()}`
      else last.printed += `${line}\n`
    }
  }
  return steps
}

/** Runs commands in one shell, whose variables they share. @returns what each printed */
async function run(commands: readonly string[], serviceUrl: string) {
  // Each output ends with a NUL.
  const script = commands.map(command => `${command}\nprintf '\\0'`).join('\n')
  const shell = Bun.spawn(
    ['bash', '-e', '-o', 'pipefail', '-c', script.replaceAll('http://localhost:8080', serviceUrl)],
    { cwd: root, stdout: 'pipe', stderr: 'pipe' },
  )
  const [stdout, stderr, status] = await Promise.all([shell.stdout.text(), shell.stderr.text(), shell.exited])
  const printed = stdout.split('\0')
  return { ran: commands.map((command, index) => ({ command, printed: printed[index] ?? 'not run' })), stderr, status }
}

// A body without a line end is shown on a line of its own.
const whole = ({ command, printed }: Step) => ({ command, printed: printed.trimEnd() })

describe.each(groups.map(documents => ({ documents })))('a new database', ({ documents }) => {
  const wantsKafka = documents.some(([, , followed]) => followed !== undefined) && kafkaAvailability() === null
  let database: TestDatabase
  let service: ServiceProcess
  let topics: Topics | undefined

  beforeAll(async () => {
    if (!areInstalled) return
    database = await createTestDatabase(async () => undefined)
    topics = wantsKafka ? await makeTopics(await testBroker()) : undefined
    service = await startServiceProcess({ env: { ...databaseEnv(database.address), ...topics?.env } })
  })

  afterAll(async () => {
    await endServices()
    await database?.drop()
  })

  for (const [document, title, followed] of documents) {
    test.skipIf(!areInstalled)(`${title}, as ${document} shows`, async () => {
      const steps = stepsOf(readFileSync(join(root, document), 'utf8'))
      expect(steps.length).toBeGreaterThan(8)
      const reader = topics && (await followTopic(topics.brokers, topics.events))
      const { ran, stderr, status } = await run(
        steps.map(({ command }) => command),
        service.url,
      )
      expect(ran.map(whole), stderr).toEqual(steps.map(whole))
      expect(status).toBe(0)
      await expectConsistent(database.address)
      if (reader === undefined || followed === undefined) return
      const told = (await (await fetch(`${service.url}/api/orders/${followed}/events`)).json()) as { type: string }[]
      const isOwn = ({ key }: KafkaMessage) => key?.toString() === followed
      await eventually('the topic has them', () => reader.messages.filter(isOwn).length >= told.length)
      const types = reader.messages.filter(isOwn).map(({ headers }) => String(headers?.ce_type))
      expect(types).toEqual(told.map(({ type }) => `com.shoppingcart.${type}.v1`))
      await reader.stop()
    })
  }
})
