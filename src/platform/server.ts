import type { HttpRequest } from './http.ts'
import { Connection } from './http1/connection.ts'
import { createLogger, type Logger } from './log.ts'
import { problemResponse } from './problem.ts'

/** A running HTTP server. */
export type HttpServer = {
  url: string
  /** Accepts no more connections and resolves when every request is answered; after the deadline the rest are cut off. */
  stop(deadlineMs: number): Promise<void>
}

/** Says in a sentence why a server could not be started. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
}

/** How often deadlines are checked, which is their precision. */
const checkMs = 1_000
const stopCheckMs = 10

/**
 * Serves HTTP/1.1 and 1.0.
 *
 * The protocol is implemented here, on the runtime's sockets. `Bun.serve` closes a connection without a response when the next request,
 * a trailer or the end of the sending side comes while an order is being stored; `node:http` gets most of it right, and costs twice
 * as much a request. See docs/http.md.
 *
 * @param options port: 0 for any that is free; log: of what fails inside
 * @throws ListenError when the address cannot be bound
 */
export function startServer(options: {
  host: string
  port: number
  fetch: (request: HttpRequest) => Response | Promise<Response>
  log?: Logger
}): HttpServer {
  const { host, port, fetch, log = createLogger({ level: 'silent' }) } = options
  const connections = new Set<Connection>()
  const server = {
    nowMs: performance.now(),
    isStopping: false,
    answer: fetch,
    refuse: (error: unknown) => problemResponse(error, log),
  }
  const listener = listen(host, port, {
    open(socket) {
      socket.data = new Connection(socket, server)
      connections.add(socket.data)
    },
    data: (socket, chunk) => socket.data.receive(chunk),
    drain: socket => socket.data.drain(),
    end: socket => socket.data.endInput(),
    close(socket) {
      connections.delete(socket.data)
      socket.data.close()
    },
    error: (_socket, error) => log.error({ err: error }, 'a connection failed'),
  })
  const checking = setInterval(() => {
    server.nowMs = performance.now()
    for (const connection of connections) connection.check()
  }, checkMs)
  checking.unref()
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${listener.port}`,
    async stop(deadlineMs) {
      listener.stop()
      server.isStopping = true
      for (const connection of connections) connection.stop()
      const dueMs = performance.now() + deadlineMs
      while (connections.size > 0 && performance.now() < dueMs) await Bun.sleep(stopCheckMs)
      for (const connection of connections) connection.terminate()
      clearInterval(checking)
    },
  }
}

function listen(
  hostname: string,
  port: number,
  socket: Bun.SocketHandler<Connection>,
): Bun.TCPSocketListener<Connection> {
  try {
    return Bun.listen({ hostname, port, allowHalfOpen: true, socket })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const reason =
      code === 'EADDRINUSE' ? 'something else listens there; set SERVER_PORT to another port' : String(error)
    throw new ListenError(`cannot listen on ${hostname}:${port}: ${reason}`, { cause: error })
  }
}
