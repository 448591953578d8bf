import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTestDatabase, type TestDatabase } from './database.ts'
import { isInstalled } from './monitoring-rules.ts'
import { databaseEnv, endServices, type ServiceProcess, startServiceProcess } from './service-process.ts'

/** The commands of documents are run one by one, and each prints what stands below it. Documents of a group share a service, in this order. */

setDefaultTimeout(90_000)

const root = join(import.meta.dirname, '..')
const groups = [
  [
    ['docs/payments.md', 'an unpaid order is authorized, captured and refunded in parts'],
    ['docs/inventory.md', 'items are written, imported and searched, and their stock is moved and counted'],
    ['docs/prices.md', 'discount codes, delivery methods and tax rates are made'],
    ['docs/carts.md', 'a cart is filled, priced, checked out and pressed again'],
    ['docs/returns.md', 'units of an order come back, and are refunded'],
  ],
  // Its catalogue is empty at first.
  [['docs/shop.md', 'a guest buys from the demo shop']],
] as const
const areInstalled = isInstalled('jq', 'the commands of documents') && isInstalled('curl', 'the same')

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

describe.each(groups.map(documents => ({ documents })))('a new database', ({ documents }) => {
  let database: TestDatabase
  let service: ServiceProcess

  beforeAll(async () => {
    if (!areInstalled) return
    database = await createTestDatabase(async () => undefined)
    service = await startServiceProcess({ env: databaseEnv(database.address) })
  })

  afterAll(async () => {
    await endServices()
    await database?.drop()
  })

  for (const [document, title] of documents) {
    test.skipIf(!areInstalled)(`${title}, as ${document} shows`, () => {
      const steps = stepsOf(readFileSync(join(root, document), 'utf8'))
      expect(steps.length).toBeGreaterThan(8)
      // In one shell, whose variables the commands share; each output ends with a NUL.
      const script = steps.map(({ command }) => `${command}\nprintf '\\0'`).join('\n')
      const { stdout, stderr, status } = spawnSync(
        'bash',
        ['-e', '-o', 'pipefail', '-c', script.replaceAll('http://localhost:8080', service.url)],
        { cwd: root, encoding: 'utf8' },
      )
      const printed = stdout.split('\0')
      const ran = steps.map(({ command }, index) => ({ command, printed: printed[index] ?? 'not run' }))
      // A body without a line end is shown on a line of its own.
      const whole = ({ command, printed }: Step) => ({ command, printed: printed.trimEnd() })
      expect(ran.map(whole), stderr).toEqual(steps.map(whole))
      expect(status).toBe(0)
    })
  }
})
