import { AppError } from '../../errors.ts'
import { type Fields, type Head, headOf, headSizeBytesMax, readFields, readRequestLine } from './head.ts'

const headEnd = Buffer.from('\r\n\r\n')
const cr = 0x0d
const lf = 0x0a

/** What was found: a head, if all of it is there, and the bytes behind it, or those that it is to be completed from. */
export type Found = { head: Head | undefined; rest: Buffer | undefined }

/** Finds the heads of requests in what a connection receives. */
export class HeadReader {
  /** The fields of the request before, as text and as read: most senders repeat them. */
  #known: { text: string; isHttp11: boolean; fields: Fields } | undefined

  /** @throws AppError for what is no head that can be served; nothing behind it can be read then */
  read(received: Buffer): Found {
    let start = 0
    // RFC 9112, 2.2: some senders put an empty line behind a body.
    while (received[start] === cr && received[start + 1] === lf) start += 2
    const end = received.indexOf(headEnd, start)
    if ((end === -1 ? received.byteLength : end) - start > headSizeBytesMax) {
      throw new AppError('HEAD_TOO_LARGE', `the head of a request has at most ${headSizeBytesMax} bytes`)
    }
    if (end === -1) {
      const rest = start === received.byteLength ? undefined : received.subarray(start)
      if (rest !== undefined) refuseWhatIsNoHead(rest)
      return { head: undefined, rest }
    }
    const text = received.toString('latin1', start, end + 2)
    const lineEnd = text.indexOf('\r\n')
    const line = readRequestLine(text.slice(0, lineEnd))
    const fields = this.#readFields(text.slice(lineEnd + 2), line.isHttp11)
    const rest = end + 4 === received.byteLength ? undefined : received.subarray(end + 4)
    return { head: headOf(line, fields), rest }
  }

  #readFields(text: string, isHttp11: boolean): Fields {
    if (this.#known?.text === text && this.#known.isHttp11 === isHttp11) return this.#known.fields
    const fields = readFields(text, isHttp11)
    this.#known = { text, isHttp11, fields }
    return fields
  }
}

/** @throws AppError REQUEST_INVALID for what can be no head, however it goes on: nobody should wait for the rest */
function refuseWhatIsNoHead(received: Buffer): void {
  const firstLf = received.indexOf(lf)
  const first = received[0] as number
  if ((firstLf !== -1 && received[firstLf - 1] !== cr) || (first <= 0x20 && first !== cr) || first >= 0x7f) {
    throw new AppError('REQUEST_INVALID', 'this is no request of HTTP/1.1')
  }
}
