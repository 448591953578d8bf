/** Header fields: of one response, or an object that many share (which is cached, and must not change). */
export type AnswerFields = Headers | Readonly<Record<string, string>>

/**
 * A response whose bytes are ready. To the server it is bytes and fields; the parts of a `Response` are made only when used, since
 * that costs a cached read a fifth.
 */
export class BytesResponse implements Response {
  readonly content: Uint8Array
  readonly status: number
  readonly #given: AnswerFields
  #own: Headers | undefined
  #whole: Response | undefined

  constructor(content: Uint8Array, fields: AnswerFields, status = 200) {
    this.content = content
    this.#given = fields
    this.status = status
  }

  get #response(): Response {
    const { status, headers } = this
    this.#whole ??= new Response(this.content as Uint8Array<ArrayBuffer>, { status, headers })
    return this.#whole
  }

  /** The fields to send: those given, unless `headers` was used and may have changed them. */
  get fields(): AnswerFields {
    return this.#own ?? this.#given
  }

  /** Whether other responses share the fields. */
  get isShared(): boolean {
    return this.#own === undefined
  }

  get headers(): Headers {
    this.#own ??= new Headers(this.#given)
    return this.#own
  }

  get body() {
    return this.#response.body
  }

  get bodyUsed(): boolean {
    return this.#response.bodyUsed
  }

  get ok(): boolean {
    return this.#response.ok
  }

  get redirected(): boolean {
    return false
  }

  get statusText(): string {
    return this.#response.statusText
  }

  get type() {
    return this.#response.type
  }

  get url(): string {
    return ''
  }

  arrayBuffer() {
    return this.#response.arrayBuffer()
  }

  blob() {
    return this.#response.blob()
  }

  bytes() {
    return this.#response.bytes()
  }

  clone(): Response {
    return this.#response.clone() as Response
  }

  formData() {
    return this.#response.formData()
  }

  json() {
    return this.#response.json()
  }

  text() {
    return this.#response.text()
  }

  textStream() {
    return this.#response.textStream()
  }
}
