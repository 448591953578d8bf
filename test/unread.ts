import type { Socket } from 'bun'

/** A connection whose other end is served while nothing, or only the beginning, of what comes is read. */
export type Unread = {
  /** What was read: the beginning of the answer. */
  head(): string
  /** Sends more. Resolves when the connection has taken it, or is over. */
  send(bytes: Uint8Array): Promise<void>
  /** Whether the other end has closed it. */
  isClosed(): boolean
  /** Reads what there is from now on. */
  resume(): void
  close(): void
}

/**
 * Opens a connection and sends a request on it. After the first bytes of the answer nothing more is read.
 *
 * @param readsAll whether everything is read, and only its beginning kept
 */
export async function openUnread(url: string, request: string, readsAll = false): Promise<Unread> {
  const { hostname, port } = new URL(url)
  let head = ''
  let isClosed = false
  let drained = Promise.withResolvers<void>()
  const onDrain = () => {
    drained.resolve()
    drained = Promise.withResolvers()
  }
  const onClose = () => {
    isClosed = true
    onDrain()
  }
  const socket: Socket<undefined> = await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      data(socket, chunk) {
        if (head.length < 2_000) head += chunk.toString('latin1', 0, 2_000)
        if (!readsAll) socket.pause()
      },
      drain: onDrain,
      close: onClose,
      error: onClose,
    },
  })
  async function send(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.byteLength > 0 && !isClosed; ) {
      const written = Math.max(socket.write(rest), 0)
      rest = rest.subarray(written)
      if (rest.byteLength > 0) await drained.promise
    }
  }
  await send(Buffer.from(request))
  return {
    head: () => head,
    send,
    isClosed: () => isClosed,
    resume: () => void socket.resume(),
    close: () => socket.terminate(),
  }
}

/** The status of an answer by its beginning; 0 where none has begun. */
export function statusOf({ head }: Unread): number {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(head())?.[1] ?? 0)
}
