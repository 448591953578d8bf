import { randomBytes } from 'node:crypto'
import { exampleOrder } from '../src/orders/example.ts'

/** A request that is ready to be sent. Its bytes are valid until the next is requested. */
export type EncodedRequest = {
  bytes: Uint8Array
  /** Requests of one kind get answers of one length; undefined: any length. */
  kind: number | undefined
  /** A request behind which others follow on its connection; they count as one, from the first byte sent to the last received. */
  isFollowed?: true
  /** The request behind it is made by its answer; others' answers are not read. */
  isRead?: true
}

/** Requests one after another, made by the texts of the answers that are read. It begins again when one fails. */
export type Sequence = Generator<EncodedRequest, never, string>

/** Orders made in advance; the digits that make each request unique are written into them. */
const templatesCount = 2_000
/** The placeholder of an order's own digits; occurs nowhere else. */
const placeholder = '918273645546'

/** GETs of paths, in turn. */
export function getRequests(paths: readonly string[], headers: string): () => EncodedRequest {
  const requests = paths.map((path, kind) => ({
    kind,
    bytes: Buffer.from(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${headers}\r\n`),
  }))
  let next = 0
  return () => {
    const request = requests[next % requests.length]
    next += 1
    if (request === undefined) throw new Error('there are no paths')
    return request
  }
}

type Template = EncodedRequest & { bytes: Buffer; uidPlaces: number[]; datePlace: number }

/** POSTs of orders, each with a uid of its own, scattered like random ones, and made at the time it is sent. */
export function postRequests(headers: string): () => EncodedRequest {
  const suffix = randomBytes(4).toString('hex')
  const templates = Array.from({ length: templatesCount }, (_, kind) => encodeTemplate(kind, suffix, headers))
  let count = 0
  let dateMs = 0
  let date = Buffer.alloc(0)
  return () => {
    const template = templates[count % templatesCount]
    if (template === undefined) throw new Error('there are no templates')
    const digits = scattered(count)
    count += 1
    for (const place of template.uidPlaces) template.bytes.set(digits, place)
    if (Date.now() !== dateMs) {
      dateMs = Date.now()
      date = Buffer.from(new Date(dateMs).toISOString())
    }
    template.bytes.set(date, template.datePlace)
    return template
  }
}

function encodeTemplate(kind: number, suffix: string, headers: string): Template {
  const document = exampleOrder(`${placeholder}${suffix}`, Date.now(), Math.random)
  const body = Buffer.from(JSON.stringify(document))
  const head = `POST /api/orders HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.byteLength}\r\n${headers}\r\n`
  const bytes = Buffer.concat([Buffer.from(head), body])
  const uidPlaces: number[] = []
  for (let place = bytes.indexOf(placeholder); place !== -1; place = bytes.indexOf(placeholder, place + 1)) {
    uidPlaces.push(place)
  }
  return { kind, bytes, uidPlaces, datePlace: bytes.indexOf(document.date_created) }
}

const digitsBuffer = Buffer.alloc(placeholder.length)

/** Twelve digits for a number below 10^12: another for each, and neighbours far apart. */
function scattered(count: number): Buffer {
  // The factor has no divisor in common with a million, so that no two below a million come to the same.
  const high = ((count % 1_000_000) * 618_033) % 1_000_000
  let rest = high * 1_000_000 + Math.floor(count / 1_000_000)
  for (let place = digitsBuffer.length - 1; place >= 0; place--) {
    digitsBuffer[place] = 48 + (rest % 10)
    rest = Math.floor(rest / 10)
  }
  return digitsBuffer
}

/** The uid of an order that is paid, by its number: all have one length. */
export const payableUid = (number: number) => `payable-${String(number).padStart(8, '0')}`

/** Pays orders through the sandbox, each once and under a key of its own. */
export function payRequests(headers: string): () => EncodedRequest {
  const body = JSON.stringify({ provider: 'sandbox', method_token: 'tok_approve' })
  const uid = payableUid(0)
  const digits = uid.slice(-8)
  const bytes = Buffer.from(
    `POST /api/orders/${uid}/payments HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n` +
      `idempotency-key: ${uid}\r\ncontent-length: ${body.length}\r\n${headers}\r\n${body}`,
  )
  const places = [bytes.indexOf(digits), bytes.lastIndexOf(digits)]
  let count = 0
  return () => {
    const own = payableUid(count++).slice(-8)
    for (const place of places) bytes.write(own, place, 'latin1')
    return { kind: 0, bytes }
  }
}
