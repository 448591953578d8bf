import { afterAll, afterEach, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { exampleOrder } from '../src/orders/example.ts'
import { createOrdersDatabase } from './app.ts'
import { eventually } from './kafka.ts'
import { databaseEnv, endServices, type ServiceProcess, startServiceProcess } from './service-process.ts'

const databases: { drop(): Promise<void> }[] = []
const sockets: Socket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await endServices()
})

afterAll(async () => {
  for (const database of databases) await database.drop()
})

async function startService(env: Record<string, string> = {}): Promise<ServiceProcess> {
  const database = await createOrdersDatabase()
  databases.push(database)
  return startServiceProcess({ env: { ...databaseEnv(database.address), LOG_LEVEL: 'warn', ...env } })
}

async function place(url: string): Promise<string> {
  const order = exampleOrder(crypto.randomUUID(), Date.now(), Math.random)
  const response = await fetch(`${url}/api/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order),
  })
  expect(response.status).toBe(201)
  return order.order_uid
}

/** A connection that follows what happens; `text` is what it has received. */
function follow(url: string) {
  const { hostname, port, host } = new URL(url)
  const socket = connect(Number(port), hostname)
  sockets.push(socket)
  const stream = { text: '' }
  socket.on('error', () => undefined)
  socket.on('data', chunk => {
    stream.text += chunk
  })
  socket.write(`GET /api/events HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n\r\n`)
  return stream
}

const residentMib = (pid: number) =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

test('2,000 streams of one instance get every event after they were opened, in bounded memory', async () => {
  const service = await startService()
  await place(service.url)
  const before = residentMib(service.pid)
  const streams: ReturnType<typeof follow>[] = []
  for (let group = 0; group < 20; group += 1) {
    const opened = Array.from({ length: 100 }, () => follow(service.url))
    streams.push(...opened)
    await eventually(
      'the streams have begun',
      () => opened.every(stream => stream.text.includes(': connected')),
      20_000,
    )
  }
  const uids = [await place(service.url), await place(service.url)]
  await eventually(
    'every stream has both events',
    () => streams.every(stream => uids.every(uid => stream.text.includes(`"order_uid":"${uid}"`))),
    10_000,
  )
  for (const { text } of streams) expect(text.match(/^event: order\.placed$/gm)).toHaveLength(2)
  expect(residentMib(service.pid) - before).toBeLessThan(150)
}, 30_000)
