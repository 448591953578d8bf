import type { EncodedRequest, Sequence } from './load-requests.ts'

/** The address and the method of delivery of every cart. */
const recipient = {
  email: 'ada@example.com',
  delivery: {
    ...{ name: 'Ada Lovelace', phone: '+44 20 7946 0000', zip: 'SW1Y 4JH', city: 'London' },
    ...{ address: "12 St James's Square", region: '', country: 'GB' },
  },
  delivery_method: 'parcel',
}
const recipientBody = JSON.stringify(recipient)
const payment = JSON.stringify({ provider: 'sandbox', method_token: 'tok_approve' })

/**
 * Whole checkouts, one after another, as a guest's browser has them: a cart is created, gets two lines, an address and a delivery method,
 * and is checked out with a payment that the sandbox captures. Each is opened by its own token.
 *
 * @param items how many there are; each cart has two of them
 */
export function* checkOut(headers: string, items: number): Sequence {
  const common = `host: 127.0.0.1\r\ncontent-type: application/json\r\n${headers}`
  const create = request(`POST /api/carts HTTP/1.1\r\n${common}`, '{"currency":"USD"}')
  const item = () => 1 + Math.floor(Math.random() * items)
  for (;;) {
    const { id, cart_token: token } = JSON.parse(yield { ...create, isRead: true }) as Created
    const head = (method: string, path: string) =>
      `${method} /api/carts/${id}${path} HTTP/1.1\r\nauthorization: Bearer ${token}\r\n${common}`
    const first = item()
    yield request(head('PUT', `/lines/${first}`), '{"quantity":2}')
    yield request(head('PUT', `/lines/${1 + (first % items)}`), '{"quantity":1}')
    const patched = yield { ...request(head('PATCH', ''), recipientBody), isRead: true }
    const body = `{"payment":${payment},"expected_total":${totalOf(patched)}}`
    const { bytes, kind } = request(head('POST', '/checkout'), body)
    yield { bytes, kind }
  }
}

type Created = { id: string; cart_token: string }

/** To parse all of the cart would take as long as to send the request. */
function totalOf(cart: string): string {
  const total = /"total":(\d+)/.exec(cart)?.[1]
  if (total === undefined) throw new Error(`an answer has no total: ${cart}`)
  return total
}

/** @param head without the length of the body; the text has ASCII characters only */
function request(head: string, body: string): EncodedRequest {
  const bytes = Buffer.from(`${head}content-length: ${body.length}\r\n\r\n${body}`, 'latin1')
  return { bytes, kind: undefined, isFollowed: true }
}
