import { connect, createServer, type Socket } from 'node:net'

/** A way to a server that can be cut and mended, as networks are. */
export type Line = {
  /** Where the server is reached by this line, without a slash at the end. */
  url: string
  /** Breaks every connection, and lets none through until `mend`. */
  cut(): void
  mend(): void
  close(): Promise<void>
}

/** @param url of a server on this machine */
export async function lineTo(url: string): Promise<Line> {
  const port = Number(new URL(url).port)
  const open = new Set<Socket>()
  let isCut = false
  const server = createServer(near => {
    if (isCut) return void near.resetAndDestroy()
    const far = connect(port, '127.0.0.1')
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        open.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const own = typeof address === 'object' && address !== null ? address.port : 0
  const breakAll = () => {
    for (const socket of open) socket.destroy()
  }
  return {
    url: `http://127.0.0.1:${own}`,
    cut() {
      isCut = true
      breakAll()
    },
    mend() {
      isCut = false
    },
    async close() {
      breakAll()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
