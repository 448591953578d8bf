import type { HttpRequest } from '../http.ts'
import { BodyQueue } from './body-queue.ts'
import type { Fields, Head } from './head.ts'

/** A request as it came over a connection, with what handlers use of the standard's `Request`. */
export class WireRequest implements HttpRequest {
  readonly method: string
  readonly headers: WireHeaders
  /** The body, where it came with the head. */
  readonly whole: Uint8Array | undefined
  readonly #head: Head
  readonly #onWanted: (() => void) | undefined
  #body: BodyQueue | undefined
  #url: string | undefined
  #abort: AbortController | undefined
  #isAborted = false

  /**
   * @param whole the body, where it came with the head
   * @param onWanted called when the handler waits for more of the body; undefined: no more will come
   */
  constructor(head: Head, whole: Uint8Array | undefined, onWanted: (() => void) | undefined) {
    this.#head = head
    this.method = head.method
    this.headers = new WireHeaders(head.fields)
    this.whole = whole
    this.#onWanted = onWanted
  }

  get body(): BodyQueue | null {
    if (this.#body === undefined && this.#onWanted !== undefined) this.#body = new BodyQueue(this.#onWanted)
    if (this.#body === undefined && this.whole !== undefined) {
      this.#body = new BodyQueue(() => undefined)
      this.#body.add(this.whole)
      this.#body.end()
    }
    return this.#body ?? null
  }

  get url(): string {
    this.#url ??= `http://${this.#head.fields.authority}${this.#head.target}`
    return this.#url
  }

  /** Aborted when the connection ends before the answer does. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController()
      if (this.#isAborted) this.#abort.abort()
    }
    return this.#abort.signal
  }

  abort(): void {
    this.#isAborted = true
    this.#abort?.abort()
  }
}

/** The fields of a request. They are shared with other requests of the connection until one is set. */
class WireHeaders {
  #values: ReadonlyMap<string, string>

  constructor({ values }: Fields) {
    this.#values = values
  }

  get(name: string): string | null {
    return this.#values.get(name) ?? this.#values.get(name.toLowerCase()) ?? null
  }

  has(name: string): boolean {
    return this.#values.has(name.toLowerCase())
  }

  set(name: string, value: string): void {
    this.#values = new Map(this.#values).set(name.toLowerCase(), value)
  }
}
