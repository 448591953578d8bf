/** A running HTTP server. */
export type HttpServer = {
  url: string
  /** Takes no more connections and resolves when every request is answered; after the deadline the rest are cut off. */
  stop(deadlineMs: number): Promise<void>
}

/** Why a server could not be started, in a sentence for the operator. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
}

/** A connection on which nothing moves for so long is closed. */
const idleTimeoutSeconds = 60

/**
 * Serves HTTP/1.1.
 *
 * @param options port: 0 for any that is free
 * @throws ListenError when the address cannot be had
 */
export function startServer(options: {
  host: string
  port: number
  fetch: (request: Request) => Response | Promise<Response>
}): HttpServer {
  const { host, port } = options
  let server: Bun.Server<undefined>
  try {
    server = Bun.serve({
      hostname: host,
      port,
      idleTimeout: idleTimeoutSeconds,
      // Each route bounds its own body; a batch may be of any length, since it is never in memory as a whole.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      fetch: options.fetch,
    })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const reason =
      code === 'EADDRINUSE' ? 'something else listens there; set SERVER_PORT to another port' : String(error)
    throw new ListenError(`cannot listen on ${host}:${port}: ${reason}`, { cause: error })
  }
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${server.port}`,
    async stop(deadlineMs) {
      let timer: ReturnType<typeof setTimeout> | undefined
      const expiry = new Promise<void>(resolve => {
        timer = setTimeout(resolve, deadlineMs)
      })
      await Promise.race([server.stop(), expiry])
      clearTimeout(timer)
      await server.stop(true)
    },
  }
}
