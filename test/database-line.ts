import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import type { PostgresAddress } from '../src/platform/postgres.ts'

/** A way to a database that can hang, as networks do: nothing gets through, and nobody is told. */
export type DatabaseLine = {
  /** Where the database is reached by this line. */
  address: PostgresAddress
  hang(): void
  /** Lets through what has waited as well. */
  mend(): void
  close(): Promise<void>
}

export async function lineToDatabase(database: PostgresAddress): Promise<DatabaseLine> {
  const { host, port } = database
  const open = new Set<Socket>()
  let isHanging = false
  const server = createServer(near => {
    const far = host.startsWith('/') ? connect(join(host, `.s.PGSQL.${port}`)) : connect(port, host)
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket)
      socket.on('error', () => undefined)
      socket.on('data', chunk => other.write(chunk))
      socket.on('close', () => {
        open.delete(socket)
        other.destroy()
      })
      if (isHanging) socket.pause()
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const own = typeof address === 'object' && address !== null ? address.port : 0
  return {
    address: { ...database, host: '127.0.0.1', port: own },
    hang() {
      isHanging = true
      for (const socket of open) socket.pause()
    },
    mend() {
      isHanging = false
      for (const socket of open) socket.resume()
    },
    async close() {
      for (const socket of open) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
