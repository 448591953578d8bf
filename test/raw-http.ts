import { once } from 'node:events'
import { connect } from 'node:net'

/** Waits between two pieces of a request so that the server gets them one by one. */
const gapMs = 30

/**
 * Sends bytes over a connection as they are, and reads until the server has answered enough.
 *
 * @param pieces each is sent by itself
 * @param until what must have come; the connection's end will do as well
 * @returns everything that came
 */
export async function exchange(
  url: string,
  pieces: readonly (string | Uint8Array)[],
  until: (received: string) => boolean,
  options: { halfClose?: boolean } = {},
): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true })
  socket.setNoDelay(true)
  await once(socket, 'connect')
  let received = ''
  const done = new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no whole answer: ${received}`)), 30_000)
    const check = (isOver: boolean) => {
      if (!isOver && !until(received)) return
      clearTimeout(late)
      resolve()
    }
    socket.on('data', chunk => {
      received += chunk.toString('latin1')
      check(false)
    })
    socket.on('end', () => check(true))
    socket.on('error', error => {
      received += ` (${error.message})`
      check(true)
    })
  })
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await Bun.sleep(gapMs)
    socket.write(piece)
  }
  if (options.halfClose) socket.end()
  await done
  socket.destroy()
  return received
}

/** The statuses of the answers in what was received. */
export function statusesOf(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(match => Number(match[1])).filter(status => status !== 100)
}
