import type { Framing } from './answer-writer.ts'
import type { BodyDecoder } from './body-decoder.ts'
import type { Head } from './head.ts'
import type { WireRequest } from './request.ts'

/** What a connection needs of its server. */
export type ConnectionHost = {
  answer(request: WireRequest): Response | Promise<Response>
  /** The answer to what cannot be served. Never throws. */
  refuse(error: unknown): Response
  readonly isStopping: boolean
  /** A clock that never goes back, in milliseconds. It may be as coarse as the deadlines are checked. */
  readonly nowMs: number
}

/** The rest of a body that is read after its answer so that the connection can be used again. */
const skippedBytesMax = 64 * 1024

/** A request from its head to the end of its answer. */
export class Exchange implements Framing {
  readonly head: Head
  readonly request: WireRequest
  readonly #host: ConnectionHost
  /** Undefined: the body came with the head, or there is none, or it cannot be read. */
  decoder: BodyDecoder | undefined
  /** The sender waits for `100 Continue`. */
  isContinueDue: boolean
  isAnswered = false
  isEventStream = false

  constructor(head: Head, request: WireRequest, decoder: BodyDecoder | undefined, host: ConnectionHost) {
    this.head = head
    this.request = request
    this.decoder = decoder
    this.#host = host
    this.isContinueDue = decoder !== undefined && head.fields.expectsContinue
  }

  get isHead(): boolean {
    return this.head.method === 'HEAD'
  }

  get isHttp11(): boolean {
    return this.head.isHttp11
  }

  /** Whether another request can follow: the rest of this one must be short, or already there. */
  mayKeep(): boolean {
    if (!this.head.isKept || this.#host.isStopping || this.isContinueDue) return false
    const { decoder } = this
    return decoder === undefined || decoder.isDone || (decoder.missing ?? Number.POSITIVE_INFINITY) <= skippedBytesMax
  }

  /** The body cannot be read to its end, nor anything behind it. */
  breakOff(error: unknown): void {
    this.head.isKept = false
    this.decoder = undefined
    this.request.body?.fail(error)
  }
}
