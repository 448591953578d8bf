import type { Socket } from 'bun'
import { exampleOrder } from '../src/orders/example.ts'
import { percentile } from './figures.ts'
import type { Sale, SaleResult } from './flash-sale.ts'

/**
 * A program: reads a `Sale` from standard input, has its buyers order, each once, over connections that are kept, and writes a
 * `SaleResult`. Requests are encoded ahead, and of an answer it looks at the status and the length.
 */

type Connection = { sentMs: number; received: number; expected: number; status: number; unsent: Uint8Array | undefined }

const sale = (await Bun.stdin.json()) as Sale
/** The digits that make an order unique. */
const placeholder = '918273645546'

const order = exampleOrder(`sale-${sale.chrtId}-${placeholder}`, Date.now(), () => 0)
const [item] = order.items
if (item === undefined) throw new Error('the example has an item')
order.items = [{ ...item, chrt_id: sale.chrtId, price: 100, sale: 0, total_price: 100 }]
order.payment = { ...order.payment, goods_total: 100, delivery_cost: 0, amount: 100, payment_dt: 0 }
const body = JSON.stringify(order)
const request = Buffer.from(
  `POST /api/orders HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
)
const places: number[] = []
for (let place = request.indexOf(placeholder); place !== -1; place = request.indexOf(placeholder, place + 1))
  places.push(place)

const statuses: Record<string, number> = {}
const latencies = new Float32Array(sale.buyers)
let sent = 0
let answered = 0
const done = Promise.withResolvers<void>()

function send(socket: Socket<Connection>): void {
  if (sent === sale.buyers) return
  const digits = String(sent).padStart(placeholder.length, '0')
  for (const place of places) request.write(digits, place, 'latin1')
  sent += 1
  socket.data.received = 0
  socket.data.expected = 0
  socket.data.sentMs = performance.now()
  const written = socket.write(request)
  if (written < request.byteLength) socket.data.unsent = request.slice(Math.max(written, 0))
}

/** The first piece of an answer holds its head: servers send it in one piece. */
function receive(socket: Socket<Connection>, chunk: Buffer): void {
  const connection = socket.data
  connection.received += chunk.byteLength
  if (connection.expected === 0) {
    const headBytes = chunk.indexOf('\r\n\r\n') + 4
    const head = chunk.toString('latin1', 0, headBytes)
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
    if (headBytes < 4 || length === undefined) throw new Error(`an answer cannot be read: ${head}`)
    connection.expected = headBytes + Number(length)
    connection.status = Number(head.slice(9, 12))
  }
  if (connection.received < connection.expected) return
  statuses[connection.status] = (statuses[connection.status] ?? 0) + 1
  latencies[answered] = performance.now() - connection.sentMs
  answered += 1
  if (answered === sale.buyers) done.resolve()
  else send(socket)
}

const sockets = await Promise.all(
  Array.from({ length: sale.connections }, (_, index) =>
    Bun.connect<Connection>({
      hostname: '127.0.0.1',
      port: sale.ports[index % sale.ports.length] ?? 0,
      data: { sentMs: 0, received: 0, expected: 0, status: 0, unsent: undefined },
      socket: {
        data: receive,
        drain(socket) {
          const { unsent } = socket.data
          if (unsent === undefined) return
          const written = socket.write(unsent)
          socket.data.unsent = written < unsent.byteLength ? unsent.slice(Math.max(written, 0)) : undefined
        },
        close: () => done.reject(new Error('a connection was closed')),
        error: (_, error) => done.reject(error),
      },
    }),
  ),
)
const startedMs = performance.now()
for (const socket of sockets) send(socket)
await done.promise
const seconds = (performance.now() - startedMs) / 1000
const sorted = latencies.sort()
const result: SaleResult = {
  perSecond: sale.buyers / seconds,
  p50Ms: percentile(sorted, 0.5),
  p99Ms: percentile(sorted, 0.99),
  maxMs: percentile(sorted, 1),
  statuses,
}
process.stdout.write(JSON.stringify(result), () => process.exit(0))
