import net, { type AddressInfo, type Socket } from 'node:net'
import { createSender, type Sender, type Timeouts, timeouts } from '../src/webhooks/sender.ts'
import type { Resolve } from '../src/webhooks/targets.ts'
import { type Receiver, startReceiver, withoutDuration } from './receiver.ts'

const closing: (() => unknown)[] = []

/** Closes something at the end of the test. */
export function endWithTest(close: () => unknown): void {
  closing.push(close)
}

/** Closes what a test has opened. For afterEach. */
export async function endSenders(): Promise<void> {
  for (const close of closing.splice(0)) await close()
}

/** A receiver that ends with the test. */
export async function receiverOf(...args: Parameters<typeof startReceiver>): Promise<Receiver> {
  const receiver = await startReceiver(...args)
  closing.push(() => receiver.close())
  return receiver
}

/** A receiver that does with a connection what it likes. */
export async function rawReceiver(onConnection: (socket: Socket) => void): Promise<string> {
  const server = net.createServer(socket => {
    socket.on('error', () => undefined)
    onConnection(socket)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

/** A sender that ends with the test, to which every name is one of this machine. */
export function senderOf(
  options: { allowPrivate?: boolean; resolve?: Resolve; timeouts?: Partial<Timeouts> } = {},
): Sender {
  const { allowPrivate = true, resolve = async () => ['127.0.0.1'] } = options
  const sender = createSender({
    allowPrivate,
    resolve,
    timeouts: { ...timeouts, ...options.timeouts },
    version: '1.2.3',
  })
  closing.push(() => sender.close())
  return sender
}

export const body = new TextEncoder().encode('{"id":"7","data":{"name":"Ünïcödé"}}')

/** Sends the body. @returns the result without its duration */
export const post = async (sender: Sender, url: string, headers: Record<string, string> = {}) =>
  withoutDuration(await sender.post(url, headers, body))
