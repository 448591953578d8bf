import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createMigratedDatabase } from './database.ts'
import { countInDatabase } from './invariants.ts'
import { eventually } from './kafka.ts'
import { type Nginx, nginx, startNginx } from './nginx.ts'
import { makeOrders } from './orders.ts'
import { databaseEnv, endServices, type ServiceProcess, startServiceProcess } from './service-process.ts'

/** Batches as clients and proxies really send them: none of them may lose an order silently. */

setDefaultTimeout(120_000)
const run = promisify(execFile)
const outputBytesMax = 256 * 1024 * 1024
const python = Bun.which('python3')
const curl = Bun.which('curl')
let service: ServiceProcess
let count: (statement: string) => Promise<number>
let folder: string

beforeAll(async () => {
  const { address } = await createMigratedDatabase()
  count = statement => countInDatabase(address, statement)
  service = await startServiceProcess({ env: databaseEnv(address) })
  folder = mkdtempSync(join(tmpdir(), 'orders-batches-'))
})
afterAll(async () => {
  await endServices()
  rmSync(folder, { recursive: true, force: true })
})

function writeLines(name: string, lines: Iterable<string>): string {
  const file = join(folder, name)
  writeFileSync(file, `${[...lines].join('\n')}\n`)
  return file
}

/** The last line of an answer, and how many stand before it. */
function endOf(answer: string): { end: unknown; lines: number } {
  const lines = answer.trimEnd().split('\n')
  return { end: JSON.parse(lines.pop() ?? ''), lines: lines.length }
}

function skipped(what: string): void {
  console.error(`SKIPPED: ${what}`)
}

describe('a batch through nginx with a plain proxy_pass', () => {
  let proxy: Nginx | undefined
  beforeAll(async () => {
    if (nginx === null) return
    proxy = await startNginx(`    client_max_body_size 100m;
    location / { proxy_pass ${service.url}; }
    location /unbuffered/ { proxy_pass ${service.url}/; proxy_http_version 1.1; proxy_request_buffering off; }`)
  })
  afterAll(() => proxy?.stop())

  test.each([
    ['as nginx is set up', '', 'plain'],
    ['that passes the request on as it comes', '/unbuffered', 'unbuffered'],
  ])('%s is stored and answered to its end, 10 MB by curl', async (_, prefix, name) => {
    if (proxy === undefined || curl === null) return skipped('needs nginx and curl')
    const orders = makeOrders(10_000, `nginx-${name}`)
    const file = writeLines(
      `${name}.ndjson`,
      orders.map(order => JSON.stringify(order)),
    )
    const url = `${proxy.url}${prefix}/api/orders/batch`
    const type = 'Content-Type: application/x-ndjson'
    const { stdout } = await run(curl, ['-sS', '--fail', url, '-H', type, '--data-binary', `@${file}`], {
      maxBuffer: outputBytesMax,
    })
    const end = { complete: true, count: 10_000, placed: 10_000, duplicate: 0, refused: 0 }
    expect(endOf(stdout)).toEqual({ end, lines: 10_000 })
    expect(await count(`select count(*) from orders where order_uid like 'nginx-${name}-%'`)).toBe(10_000)
  })
})

test('a client that reads nothing until it has sent everything gets every result, 60,000 rejections included', async () => {
  if (python === null) return skipped('needs Python')
  const [order] = makeOrders(1, 'python')
  const refused = JSON.stringify({ ...order, entry: 7, locale: 7, shardkey: 7, items: [], date_created: 'now' })
  const file = writeLines('refused.ndjson', [...Array.from({ length: 60_000 }, () => refused), JSON.stringify(order)])
  const client = join(folder, 'client.py')
  writeFileSync(
    client,
    `import http.client, sys
host, path = sys.argv[1:]
connection = http.client.HTTPConnection(host, timeout=100)
connection.request("POST", "/api/orders/batch", open(path, "rb").read(), {"Content-Type": "application/x-ndjson"})
answer = connection.getresponse()
lines = answer.read().splitlines()
print(answer.status, len(lines), lines[-1].decode())
`,
  )
  const { stdout } = await run(python, [client, new URL(service.url).host, file])
  const [status, lines, ...end] = stdout.trim().split(' ')
  expect([status, lines]).toEqual(['200', '60002'])
  expect(JSON.parse(end.join(' '))).toEqual({
    ...{ complete: true, count: 60_001 },
    ...{ placed: 1, duplicate: 0, refused: 60_000 },
  })
})

describe('a batch that stays open', () => {
  /** Opens a batch without a length. */
  async function open(): Promise<{ socket: Socket; received: () => string; send: (lines: string[]) => void }> {
    const { hostname, port } = new URL(service.url)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    let text = ''
    socket.on('data', chunk => {
      text += chunk
    })
    socket.write('POST /api/orders/batch HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n')
    const send = (lines: string[]) => {
      const chunk = lines.map(line => `${line}\n`).join('')
      socket.write(`${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`)
    }
    return { socket, received: () => text, send }
  }

  const isPlaced = (text: string, uid: string | undefined) => text.includes(`"order_uid":"${uid}","outcome":"placed"`)

  test('is answered while it is open: each line before the next is sent', async () => {
    const lines = makeOrders(4, 'open')
    const batch = await open()
    batch.send(lines.slice(0, 3).map(order => JSON.stringify(order)))
    await eventually('the third line is answered', () => isPlaced(batch.received(), lines[2]?.order_uid))
    expect(batch.received()).not.toContain('"complete"')
    batch.send([JSON.stringify(lines[3])])
    await eventually('the fourth line is answered', () => isPlaced(batch.received(), lines[3]?.order_uid))
    batch.socket.write('0\r\n\r\n')
    await eventually('it is complete', () => batch.received().includes('{"complete":true,"count":4,"placed":4,'))
    batch.socket.destroy()
  })

  test('stores every complete line when the client disconnects', async () => {
    const lines = makeOrders(3, 'cut').map(order => JSON.stringify(order))
    const batch = await open()
    batch.send(lines.slice(0, 2))
    batch.socket.write(`${(1_000).toString(16)}\r\n${lines[2]?.slice(0, 100)}`, () => batch.socket.destroy())
    const stored = "select count(*) from orders where order_uid like 'cut-%'"
    await eventually('both are stored', async () => (await count(stored)) === 2)
  })
})
