import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import type { PostgresAddress } from '../src/platform/postgres.ts'

/** A TCP proxy to a server of this machine, which fails as networks do. */
export type TcpProxy = {
  port: number
  /** Breaks every connection, and lets none through until `mend`. */
  cut(): void
  /** Passes nothing on until `mend`, and tells nobody. */
  hang(): void
  /** Lets everything through again, also what has waited. */
  mend(): void
  close(): Promise<void>
}

/** Starts a proxy in front of an HTTP server. @param url of the server; the returned one leads through the proxy */
export async function proxyToUrl(url: string): Promise<TcpProxy & { url: string }> {
  const proxy = await startTcpProxy(() => connect(Number(new URL(url).port), '127.0.0.1'))
  return { ...proxy, url: `http://127.0.0.1:${proxy.port}` }
}

/** Starts a proxy in front of a PostgreSQL. @param database where it is; the returned address leads through the proxy */
export async function proxyToDatabase(database: PostgresAddress): Promise<TcpProxy & { address: PostgresAddress }> {
  const { host, port } = database
  const proxy = await startTcpProxy(() =>
    host.startsWith('/') ? connect(join(host, `.s.PGSQL.${port}`)) : connect(port, host),
  )
  return { ...proxy, address: { ...database, host: '127.0.0.1', port: proxy.port } }
}

async function startTcpProxy(connectToServer: () => Socket): Promise<TcpProxy> {
  const open = new Set<Socket>()
  let state: 'open' | 'cut' | 'hanging' = 'open'
  const server = createServer(near => {
    if (state === 'cut') return void near.resetAndDestroy()
    const far = connectToServer()
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket)
      socket.on('error', () => undefined)
      socket.on('data', chunk => other.write(chunk))
      socket.on('end', () => other.end())
      socket.on('close', () => {
        open.delete(socket)
        other.destroy()
      })
      if (state === 'hanging') socket.pause()
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const breakAll = () => {
    for (const socket of open) socket.destroy()
  }
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut() {
      state = 'cut'
      breakAll()
    },
    hang() {
      state = 'hanging'
      for (const socket of open) socket.pause()
    },
    mend() {
      state = 'open'
      for (const socket of open) socket.resume()
    },
    async close() {
      breakAll()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
