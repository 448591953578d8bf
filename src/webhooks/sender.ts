import http, { type ClientRequest, type IncomingMessage } from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction, type Socket } from 'node:net'
import { hostOf, publicAddresses, type Resolve, TargetRefusedError } from './targets.ts'

/** What came of a request: the answer's status, or why there was none. */
export type SendResult = {
  status: number | null
  error: string | null
  /** The beginning of the answer's body. */
  answer: string
  durationMs: number
}

/** How long a receiver may take, in milliseconds. */
export type Timeouts = {
  /** Until a connection stands, with TLS. */
  connectMs: number
  /** From the beginning until the head of the answer is there. */
  answerMs: number
  /** For its body, which is only kept for the delivery log: what is delivered the status says. */
  bodyMs: number
}

export const timeouts: Timeouts = { connectMs: 5_000, answerMs: 15_000, bodyMs: 2_000 }

export type Sender = {
  /**
   * Sends an event.
   *
   * @param stop ends it at once
   * @param beforeSending is called when the connection stands, right before anything is sent on it; where it throws nothing is
   * @throws what `beforeSending` throws, and nothing else
   */
  post(
    url: string,
    headers: Record<string, string>,
    body: Uint8Array,
    stop?: AbortSignal,
    beforeSending?: () => void,
  ): Promise<SendResult>
  close(): void
}

/** Names the sender in receivers' logs and firewalls' rules. The address explains what such a request is and how it is checked. */
const userAgentOf = (version: string) => `shopping-cart-webhooks/${version} (+https://www.standardwebhooks.com)`

/** What is read of an answer at most, and what is kept of it. */
const answerBytesMax = 64 * 1024
const answerKeptBytes = 1024

/** Connections are kept for the next event, for a while and a few to one host. */
const agentOptions = { keepAlive: true, timeout: 30_000, maxFreeSockets: 16 }

/** A kept connection that the receiver has closed in the meantime says so only when it is used. */
const lostWhileIdle = new Set(['ECONNRESET', 'EPIPE'])

type SenderOptions = {
  /** Whether targets may be inside the network. */
  allowPrivate: boolean
  /** Gives the addresses of names. */
  resolve: Resolve
  timeouts: Timeouts
  /** Of the service, for the User-Agent, without which common firewalls refuse a request. */
  version: string
}

/** Sends events by HTTP. Redirects are not followed, and no proxy of the environment is asked. */
export function createSender(options: SenderOptions): Sender {
  const connections = createConnections(options)
  return {
    async post(text, headers, body, stop, beforeSending) {
      const startedMs = performance.now()
      const took = () => Math.round(performance.now() - startedMs)
      try {
        const url = new URL(text)
        // An address is not looked up, so it is checked here; a name is when its connection is made.
        if (!options.allowPrivate && isIP(hostOf(url)) !== 0) await publicAddresses(hostOf(url), options.resolve)
        for (let isAgain = false; ; isAgain = true) {
          const outgoing = connections.request(url, headers, body.byteLength)
          try {
            const send = { outgoing, body, beforeSending }
            return { ...(await exchange(send, options.timeouts, stop)), error: null, durationMs: took() }
          } catch (error) {
            if (isAgain || !outgoing.reusedSocket || !lostWhileIdle.has(codeOf(error))) throw error
          }
        }
      } catch (error) {
        if (error instanceof ForbiddenError) throw error.cause
        return { status: null, error: faultText(error), answer: '', durationMs: took() }
      }
    },
    close: connections.close,
  }
}

type Connections = {
  /** Begins a request, whose body is sent later. */
  request(url: URL, headers: Record<string, string>, bodyBytes: number): ClientRequest
  close(): void
}

/** Keeps connections to receivers, and opens those that are missing. */
function createConnections(options: SenderOptions): Connections {
  const userAgent = userAgentOf(options.version)
  const agents = { 'http:': new http.Agent(agentOptions), 'https:': new https.Agent(agentOptions) }
  const lookup = lookupOf(options)
  return {
    request(url, headers, bodyBytes) {
      const isSecure = url.protocol === 'https:'
      return (isSecure ? https : http).request({
        method: 'POST',
        host: hostOf(url),
        port: url.port || (isSecure ? 443 : 80),
        path: url.pathname + url.search,
        headers: {
          'user-agent': userAgent,
          'content-type': 'application/json',
          ...headers,
          'content-length': bodyBytes,
        },
        agent: isSecure ? agents['https:'] : agents['http:'],
        lookup,
      })
    },
    close() {
      agents['http:'].destroy()
      agents['https:'].destroy()
    },
  }
}

/** Resolves the name of a target when its connection is made; refuses addresses that may not be reached. */
function lookupOf({ allowPrivate, resolve }: SenderOptions): LookupFunction {
  return (host, { all }, done) => {
    const addresses = allowPrivate ? resolve(host) : publicAddresses(host, resolve)
    addresses.then(
      found => {
        const targets = found.map(address => ({ address, family: isIP(address) }))
        if (all) done(null, targets)
        else done(null, targets[0]?.address ?? '', targets[0]?.family)
      },
      error => done(error, ''),
    )
  }
}

/** What was asked before sending has forbidden it. */
class ForbiddenError extends Error {}

type Sending = { outgoing: ClientRequest; body: Uint8Array; beforeSending: (() => void) | undefined }

/** Sends a request and reads its answer, within all bounds. @throws what kept the head of the answer from coming */
function exchange(
  { outgoing, body, beforeSending }: Sending,
  { connectMs, answerMs, bodyMs }: Timeouts,
  stop: AbortSignal | undefined,
): Promise<{ status: number; answer: string }> {
  return new Promise((resolve, reject) => {
    const limits = limitRequest(outgoing, stop)
    let hasStatus = false
    outgoing.on('error', error => {
      // Once the status is there, whatever happens to the body is no failure.
      if (hasStatus) return
      limits.clear()
      reject(error)
    })
    const answered = limits.giveUpAfter(answerMs, 'no answer')
    const connected = limits.giveUpAfter(connectMs, 'no connection')
    outgoing.on('socket', socket => {
      onceConnected(socket, () => {
        connected()
        try {
          beforeSending?.()
          outgoing.end(body)
        } catch (error) {
          outgoing.destroy(new ForbiddenError('it may not be sent any more', { cause: error }))
        }
      })
    })
    outgoing.on('response', response => {
      hasStatus = true
      answered()
      limits.giveUpAfter(bodyMs, 'the body did not end')
      void readAnswer(response).then(answer => {
        limits.clear()
        resolve({ status: response.statusCode ?? 0, answer })
      })
    })
    limits.endOnStop()
    // A connection is made at once; the request waits for it.
  })
}

type RequestLimits = {
  /** Ends the request after a time. @returns a function that lifts this limit */
  giveUpAfter(durationMs: number, reason: string): () => void
  /** Ends the request when the service stops, or at once if it has. The request must have its listeners. */
  endOnStop(): void
  /** Lifts all limits. */
  clear(): void
}

/** Ends a request that takes too long, or that the service cannot wait for because it stops. */
function limitRequest(outgoing: ClientRequest, stop: AbortSignal | undefined): RequestLimits {
  const timers = new Set<ReturnType<typeof setTimeout>>()
  const onStop = () => outgoing.destroy(new Error('the service stopped'))
  return {
    giveUpAfter(durationMs, reason) {
      const timer = setTimeout(() => outgoing.destroy(new Error(`${reason} within ${durationMs} ms`)), durationMs)
      timers.add(timer)
      return () => clearTimeout(timer)
    },
    endOnStop() {
      if (stop?.aborted) onStop()
      else stop?.addEventListener('abort', onStop)
    },
    clear() {
      for (const timer of timers) clearTimeout(timer)
      stop?.removeEventListener('abort', onStop)
    },
  }
}

function onceConnected(socket: Socket, connected: () => void): void {
  const isKept = !socket.connecting
  if (isKept) connected()
  else socket.once('encrypted' in socket ? 'secureConnect' : 'connect', connected)
}

/** The beginning of the body; ends when it does, breaks off, or has become too large, and then so does the connection. */
function readAnswer(response: IncomingMessage): Promise<string> {
  return new Promise(resolve => {
    let kept = Buffer.alloc(0)
    let bytes = 0
    response.on('error', () => undefined)
    response.on('close', () => resolve(toText(kept)))
    response.on('end', () => resolve(toText(kept)))
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength
      kept = Buffer.concat([kept, chunk.subarray(0, answerKeptBytes - kept.byteLength)])
      if (bytes > answerBytesMax) response.destroy()
    })
  })
}

/** The bytes as text that PostgreSQL can keep. */
function toText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).replaceAll('\0', '\ufffd')
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** Describes a failure: by its code where the system gave one, since the texts carry addresses. */
function faultText(error: unknown): string {
  if (error instanceof TargetRefusedError) return `the target ${error.message}`
  return codeOf(error) || (error instanceof Error ? error.message : String(error))
}
