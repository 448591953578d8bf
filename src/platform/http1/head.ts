import { AppError } from '../../errors.ts'

/**
 * The head of an HTTP/1.1 request by RFC 9112, read strictly: what two parsers could understand differently is refused, since
 * that is how requests are smuggled past a proxy.
 */
export type Head = {
  method: string
  /** As it was sent, but for a target in absolute form, of which the path and the query are left. */
  target: string
  fields: Fields
  /** Whether the sender understands chunked answers. */
  isHttp11: boolean
  /** Whether the connection may be used again. */
  isKept: boolean
}

/** The header fields of a request, and what the server itself reads in them. Shared between requests, so never changed. */
export type Fields = {
  /** Names in lower case; the values of a repeated field are joined by commas. */
  values: ReadonlyMap<string, string>
  /** What the address of the request begins with; `localhost` where the sender names no host. */
  authority: string
  /** The length of the body in bytes; `chunked`: the body says so itself. */
  length: number | 'chunked'
  connection: 'close' | 'keep-alive' | undefined
  expectsContinue: boolean
}

/** The longest head, in bytes, and the most fields that it has. */
export const headSizeBytesMax = 16 * 1024
const fieldsMax = 100

const tokenForm = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const targetForm = /^[\x21\x22\x24-\x7e]+$/
const versionForm = /^HTTP\/(\d)\.(\d)$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that no field value may have.
const controlForm = /[\x00-\x08\x0a-\x1f\x7f]/
const lengthForm = /^\d{1,15}$/
const plainHostForm = /^[A-Za-z0-9.-]{1,255}(?::\d{1,4})?$/
const hostForm = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~!$&'()*+,;=%]{1,255})(?::\d{0,5})?$/

/**
 * Reads the line that a request begins with.
 *
 * @param line without its end
 * @throws AppError REQUEST_INVALID, HTTP_VERSION_UNSUPPORTED
 */
export function readRequestLine(line: string): { method: string; target: string; isHttp11: boolean } {
  const methodEnd = line.indexOf(' ')
  const targetEnd = line.indexOf(' ', methodEnd + 1)
  const method = line.slice(0, methodEnd)
  const target = line.slice(methodEnd + 1, targetEnd)
  const version = line.slice(targetEnd + 1)
  const isWhole = methodEnd > 0 && targetEnd > methodEnd && tokenForm.test(method) && targetForm.test(target)
  if (!isWhole) throw invalid('the request line is not valid')
  return { method, target, isHttp11: version === 'HTTP/1.1' || isHttp11(version) }
}

/**
 * Reads the header fields of a request.
 *
 * @param text the lines after the request line, each with its end
 * @throws AppError REQUEST_INVALID, HEAD_TOO_LARGE, EXPECTATION_FAILED, TRANSFER_CODING_UNSUPPORTED
 */
export function readFields(text: string, isHttp11: boolean): Fields {
  const values = new Map<string, string>()
  let count = 0
  for (let start = 0; start < text.length; count++) {
    const end = text.indexOf('\r\n', start)
    const colon = text.indexOf(':', start)
    if (colon === -1 || colon > end) throw invalid('a header field has no colon')
    const name = text.slice(start, colon).toLowerCase()
    const value = trimmed(text, colon + 1, end)
    start = end + 2
    // This refuses white space before the colon, and a line that goes on in the next.
    if (!tokenForm.test(name)) throw invalid('the name of a header field is not valid')
    if (controlForm.test(value)) throw invalid(`the header field ${name} has a control character`)
    const before = values.get(name)
    if (before !== undefined) refuseRepeated(name, before, value)
    if (before === undefined) values.set(name, value)
    else if (name !== 'content-length') values.set(name, `${before}, ${value}`)
  }
  if (count > fieldsMax) throw new AppError('HEAD_TOO_LARGE', `a request has at most ${fieldsMax} header fields`)
  return {
    values,
    authority: authorityOf(values.get('host'), isHttp11),
    length: lengthOf(values, isHttp11),
    connection: connectionOf(values.get('connection')),
    expectsContinue: expectsContinue(values.get('expect'), isHttp11),
  }
}

/**
 * Puts a request together. A target in absolute form names the host itself, and its Host field is ignored (RFC 9112, 3.2.2).
 *
 * @throws AppError REQUEST_INVALID
 */
export function headOf(line: ReturnType<typeof readRequestLine>, fields: Fields): Head {
  const { method, target, isHttp11 } = line
  const isKept = isHttp11 ? fields.connection !== 'close' : fields.connection === 'keep-alive'
  if (target.startsWith('/') || (target === '*' && method === 'OPTIONS')) {
    return { method, target, fields, isHttp11, isKept }
  }
  const absolute = /^https?:\/\/([^/?]+)([/?].*)?$/i.exec(target)
  if (absolute === null) throw invalid('the target of the request is neither a path nor an address')
  const [, authority = '', rest = ''] = absolute
  return {
    method,
    target: rest.startsWith('/') ? rest : `/${rest}`,
    fields: { ...fields, authority: authorityOf(authority, isHttp11) },
    isHttp11,
    isKept,
  }
}

/** RFC 9112, 2.3: a later minor version is answered as the latest that is known. */
function isHttp11(version: string): boolean {
  const [, major, minor] = versionForm.exec(version) ?? []
  if (major === undefined) throw invalid('the request line is not valid')
  if (major !== '1') throw new AppError('HTTP_VERSION_UNSUPPORTED', 'send HTTP/1.1 or HTTP/1.0')
  return minor !== '0'
}

/** Without the white space around it, which is no part of a value. */
function trimmed(text: string, start: number, end: number): string {
  let from = start
  let to = end
  while (from < to && isBlank(text.charCodeAt(from))) from += 1
  while (to > from && isBlank(text.charCodeAt(to - 1))) to -= 1
  return text.slice(from, to)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

function refuseRepeated(name: string, before: string, value: string): void {
  if (name === 'host' || name === 'transfer-encoding') throw invalid(`the header field ${name} is there twice`)
  if (name === 'content-length' && before !== value) throw invalid('the request has two lengths')
}

/** RFC 9112, 3.2: one Host in HTTP/1.1, which may be empty; none is needed in HTTP/1.0. */
function authorityOf(host: string | undefined, isHttp11: boolean): string {
  if (host === undefined && isHttp11) throw invalid('the header field Host is missing')
  if (host === undefined || host === '') return 'localhost'
  if (plainHostForm.test(host)) return host
  if (!hostForm.test(host) || !URL.canParse(`http://${host}/`)) throw invalid('the header field Host is not valid')
  return host
}

/** RFC 9112, 6.1 and 6.3. */
function lengthOf(values: ReadonlyMap<string, string>, isHttp11: boolean): Fields['length'] {
  const coding = values.get('transfer-encoding')
  const length = values.get('content-length')
  if (coding === undefined) {
    if (length === undefined) return 0
    if (!lengthForm.test(length)) throw invalid('Content-Length is not a length')
    return Number(length)
  }
  if (length !== undefined) throw invalid('the request has both Content-Length and Transfer-Encoding')
  if (!isHttp11) throw invalid('HTTP/1.0 has no Transfer-Encoding')
  if (coding.toLowerCase() !== 'chunked') {
    throw new AppError('TRANSFER_CODING_UNSUPPORTED', 'of the transfer codings only chunked is supported')
  }
  return 'chunked'
}

function connectionOf(value: string | undefined): Fields['connection'] {
  if (value === undefined) return undefined
  const options = value
    .toLowerCase()
    .split(',')
    .map(option => option.trim())
  if (options.includes('close')) return 'close'
  return options.includes('keep-alive') ? 'keep-alive' : undefined
}

/** RFC 9110, 10.1.1. A sender of HTTP/1.0 cannot expect anything. */
function expectsContinue(value: string | undefined, isHttp11: boolean): boolean {
  if (value === undefined || !isHttp11) return false
  if (value.toLowerCase() === '100-continue') return true
  throw new AppError('EXPECTATION_FAILED', 'of the expectations only 100-continue can be met')
}

function invalid(detail: string): AppError {
  return new AppError('REQUEST_INVALID', detail)
}
