import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import type { SendResult } from '../src/webhooks/sender.ts'

/** A request that a receiver got, with its whole body. */
export type Received = {
  headers: Record<string, string>
  body: string
  event: { id: string; type: string; order_uid: string; sequence: number; data: Record<string, unknown> }
}

/** Answers a delivery: with a status, or in its own way. */
export type Answer = (received: Received, response: ServerResponse, request: IncomingMessage) => number | undefined

export type Receiver = {
  url: string
  received: Received[]
  /** The largest number of concurrent requests. */
  concurrentMost: number
  /** How it responds from now on. */
  answer: Answer
  /** The sequences of the events received of an order. */
  sequencesOf(orderUid: string): number[]
  close(): Promise<void>
}

/** A receiver of webhooks on this machine. It answers with 200 unless told otherwise. */
export async function startReceiver(answer: Answer = () => 200): Promise<Receiver> {
  let concurrent = 0
  const server = http.createServer(async (request, response) => {
    concurrent += 1
    receiver.concurrentMost = Math.max(receiver.concurrentMost, concurrent)
    response.on('close', () => {
      concurrent -= 1
    })
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString()
    const received = { headers: request.headers as Record<string, string>, body, event: JSON.parse(body) }
    receiver.received.push(received)
    const status = receiver.answer(received, response, request)
    if (status !== undefined) response.writeHead(status).end(`answered ${status}`)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=hidden`,
    received: [],
    concurrentMost: 0,
    answer,
    sequencesOf: orderUid =>
      receiver.received.filter(({ event }) => event.order_uid === orderUid).map(({ event }) => event.sequence),
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return receiver
}

/** Whether the standard's own library accepts a delivery. */
export function isSignedWith(secret: string, { headers, body }: Received): boolean {
  try {
    new Webhook(secret).verify(body, headers)
    return true
  } catch {
    return false
  }
}

/** An attempt without its duration, which is never the same. */
export function withoutDuration({ status, error, answer }: SendResult) {
  return { status, error, answer }
}
