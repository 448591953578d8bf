import type { Socket } from 'bun'
import { AppError } from '../../errors.ts'
import { BytesResponse } from '../bytes-response.ts'
import { AnswerRefusedError, AnswerWriter } from './answer-writer.ts'
import { ChunkedDecoder, LengthDecoder } from './body-decoder.ts'
import { type ConnectionHost, Exchange } from './exchange.ts'
import type { Head } from './head.ts'
import { HeadReader } from './head-reader.ts'
import { WireRequest } from './request.ts'
import { timeouts } from './timeouts.ts'

/** What is kept of requests that come before their turn. */
const pipelinedBytesMax = 64 * 1024
/** What a refused sender may go on sending before it is cut off. */
const lingerBytesMax = 64 * 1024 * 1024

/**
 * The server's end of a connection: HTTP/1.1 and 1.0 as RFC 9112 has them. Requests are served one after another; those that
 * are sent ahead wait. Nothing throws: what goes wrong is answered, or ends the connection.
 */
export class Connection {
  readonly #socket: Socket<unknown>
  readonly #host: ConnectionHost
  readonly #writer: AnswerWriter
  readonly #heads = new HeadReader()
  /** What was received and is not read yet. */
  #input: Buffer | undefined
  #exchange: Exchange | undefined
  #inputDeadlineMs: number
  #outputDeadlineMs = Number.POSITIVE_INFINITY
  #isPaused = false
  #isAdvancing = false
  /** The sender will send no more. */
  #isInputEnded = false
  /** The bytes that a sender has sent since it was told that nothing more is read; undefined before that. */
  #lingeringBytes: number | undefined
  #isClosed = false

  constructor(socket: Socket<unknown>, host: ConnectionHost) {
    this.#socket = socket
    this.#host = host
    this.#inputDeadlineMs = host.nowMs + timeouts.idleMs
    this.#writer = new AnswerWriter(socket, isStalled => {
      this.#outputDeadlineMs = isStalled ? host.nowMs + timeouts.receiverMs : Number.POSITIVE_INFINITY
    })
  }

  receive(chunk: Buffer): void {
    const exchange = this.#exchange
    if (this.#lingeringBytes !== undefined) {
      this.#lingeringBytes += chunk.byteLength
      if (this.#lingeringBytes > lingerBytesMax) this.#socket.terminate()
    } else if (exchange?.decoder?.isDone === false) this.#feed(exchange, chunk)
    else {
      this.#input = this.#input === undefined ? chunk : Buffer.concat([this.#input, chunk])
      if (exchange === undefined) this.#advance()
      else if (this.#input.byteLength > pipelinedBytesMax) this.#pause()
    }
  }

  /** The sender has closed its side. It may still want its answers. */
  endInput(): void {
    this.#isInputEnded = true
    const exchange = this.#exchange
    if (exchange === undefined || this.#lingeringBytes !== undefined) this.#socket.end()
    // Nobody closes its side and goes on reading events: it is gone.
    else if (exchange.isEventStream) this.#socket.terminate()
    else if (exchange.decoder?.isDone === false) exchange.breakOff(brokenOff())
  }

  drain(): void {
    this.#writer.drain()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#exchange?.request.abort()
    this.#exchange?.request.body?.fail(brokenOff())
    this.#writer.close()
  }

  /** Ends what has waited too long. */
  check(): void {
    const { nowMs } = this.#host
    if (nowMs > this.#outputDeadlineMs) this.#socket.terminate()
    else if (nowMs > this.#inputDeadlineMs) this.#giveUp()
  }

  #giveUp(): void {
    this.#inputDeadlineMs = Number.POSITIVE_INFINITY
    const late = new AppError('REQUEST_TIMEOUT', 'the request did not come in time')
    if (this.#lingeringBytes !== undefined || this.#exchange?.isAnswered) this.#socket.terminate()
    else if (this.#exchange !== undefined) this.#exchange.request.body?.fail(late)
    else if (this.#input === undefined) this.#socket.end()
    else this.#refuse(late)
  }

  /** Closes the connection now if no request is under way, and otherwise after its answer. */
  stop(): void {
    if (this.#exchange === undefined) this.#socket.end()
  }

  terminate(): void {
    this.#socket.terminate()
  }

  /** Serves the requests that have come, one after another. */
  #advance(): void {
    // An answer that is sent at once leads back here: the loop takes its next request, not the stack.
    if (this.#isAdvancing) return
    this.#isAdvancing = true
    while (this.#exchange === undefined && this.#input !== undefined && this.#lingeringBytes === undefined) {
      try {
        const { head, rest } = this.#heads.read(this.#input)
        this.#input = rest
        if (head === undefined) break
        this.#begin(head)
      } catch (error) {
        this.#refuse(error)
      }
    }
    this.#isAdvancing = false
    if (this.#exchange === undefined && this.#input !== undefined) {
      this.#inputDeadlineMs = Math.min(this.#inputDeadlineMs, this.#host.nowMs + timeouts.headMs)
    }
  }

  #begin(head: Head): void {
    const { length } = head.fields
    const whole = length === 'chunked' ? undefined : this.#takeWhole(length)
    const isWhole = length === 0 || whole !== undefined
    const decoder = isWhole ? undefined : length === 'chunked' ? new ChunkedDecoder() : new LengthDecoder(length)
    const request = new WireRequest(head, whole, isWhole ? undefined : () => this.#wantBody())
    const exchange = new Exchange(head, request, decoder, this.#host)
    this.#exchange = exchange
    this.#inputDeadlineMs = Number.POSITIVE_INFINITY
    if (decoder !== undefined && this.#input !== undefined) {
      const rest = this.#input
      this.#input = undefined
      this.#feed(exchange, rest)
    }
    const answered = this.#host.answer(request)
    if (!(answered instanceof Promise)) this.#answer(exchange, answered)
    else {
      answered.then(
        response => this.#answer(exchange, response),
        error => this.#answer(exchange, this.#host.refuse(error)),
      )
    }
  }

  /** The body, if all of it came with the head, as most do. */
  #takeWhole(length: number): Uint8Array | undefined {
    const input = this.#input
    if (length === 0 || input === undefined || input.byteLength < length) return undefined
    this.#input = input.byteLength === length ? undefined : input.subarray(length)
    return input.byteLength === length ? input : input.subarray(0, length)
  }

  #feed(exchange: Exchange, bytes: Buffer): void {
    const { request, decoder } = exchange
    if (decoder === undefined || request.body === null) return
    exchange.isContinueDue = false
    try {
      const { data, end } = decoder.decode(bytes)
      request.body.add(data)
      if (decoder.isDone) {
        request.body.end()
        this.#inputDeadlineMs = Number.POSITIVE_INFINITY
        if (end < bytes.byteLength) this.#input = bytes.subarray(end)
        if (exchange.isAnswered) this.#next()
      } else if (request.body.isFull) this.#pause()
      else if (!exchange.isAnswered) this.#inputDeadlineMs = this.#host.nowMs + timeouts.bodyMs
    } catch (error) {
      exchange.breakOff(error)
    }
  }

  /** The handler waits for more of the body. */
  #wantBody(): void {
    const exchange = this.#exchange
    if (exchange === undefined || exchange.isAnswered || this.#isClosed) return
    if (exchange.isContinueDue) this.#writer.sendInterim('HTTP/1.1 100 Continue\r\n\r\n')
    exchange.isContinueDue = false
    if (exchange.decoder?.isDone === false) this.#inputDeadlineMs = this.#host.nowMs + timeouts.bodyMs
    this.#resume()
  }

  #answer(exchange: Exchange, response: Response): void {
    if (this.#isClosed) {
      response.body?.cancel().catch(() => undefined)
      return
    }
    exchange.isEventStream =
      !(response instanceof BytesResponse) && response.headers.get('content-type') === 'text/event-stream'
    if (exchange.isEventStream && this.#isInputEnded) {
      response.body?.cancel().catch(() => undefined)
      this.#socket.terminate()
      return
    }
    try {
      const sent = this.#writer.send(response, exchange)
      if (typeof sent === 'boolean') this.#finish(exchange, sent)
      else
        sent.then(
          isKept => this.#finish(exchange, isKept),
          error => this.#failAnswer(exchange, error),
        )
    } catch (error) {
      this.#failAnswer(exchange, error)
    }
  }

  /** An answer of which nothing was sent is refused; half an answer is shown to be one by the end of the connection. */
  #failAnswer(exchange: Exchange, error: unknown): void {
    if (error instanceof AnswerRefusedError) this.#answer(exchange, this.#host.refuse(error))
    else this.#socket.terminate()
  }

  #finish(exchange: Exchange, isKept: boolean): void {
    exchange.isAnswered = true
    if (exchange.decoder !== undefined) exchange.request.body?.drop()
    if (!isKept) this.#linger()
    else if (exchange.decoder?.isDone !== false) this.#next()
    else {
      this.#inputDeadlineMs = this.#host.nowMs + timeouts.lingerMs
      this.#resume()
    }
  }

  /** Goes on to the next request. */
  #next(): void {
    this.#exchange = undefined
    this.#inputDeadlineMs = this.#host.nowMs + timeouts.idleMs
    if (this.#host.isStopping || (this.#isInputEnded && this.#input === undefined)) {
      this.#socket.end()
      return
    }
    this.#resume()
    if (this.#input !== undefined) this.#advance()
  }

  /** Answers what is no request that can be served; the connection ends with it. */
  #refuse(error: unknown): void {
    const response = this.#host.refuse(error)
    const framing = { isHead: false, isHttp11: true, mayKeep: () => false }
    this.#input = undefined
    this.#lingeringBytes = 0
    this.#inputDeadlineMs = this.#host.nowMs + timeouts.lingerMs
    Promise.resolve(this.#writer.send(response, framing)).then(
      () => this.#linger(),
      () => this.#socket.terminate(),
    )
  }

  /**
   * Closes this side, and reads and discards input for a while. A client that is still sending when a connection is closed gets a
   * reset, and may lose the response that says why.
   */
  #linger(): void {
    if (this.#isClosed) return
    this.#input = undefined
    if (this.#isInputEnded) {
      this.#socket.end()
      return
    }
    this.#lingeringBytes ??= 0
    this.#inputDeadlineMs = this.#host.nowMs + timeouts.lingerMs
    this.#socket.shutdown()
    this.#resume()
  }

  #pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    this.#inputDeadlineMs = Number.POSITIVE_INFINITY
    this.#socket.pause()
  }

  #resume(): void {
    if (!this.#isPaused || this.#isClosed) return
    this.#isPaused = false
    this.#socket.resume()
  }
}

function brokenOff(): AppError {
  return new AppError('REQUEST_INVALID', 'the body could not be read to its end')
}
