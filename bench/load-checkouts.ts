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
const payment = { provider: 'sandbox', method_token: 'tok_approve' }

/**
 * Whole checkouts, one after another, as a guest's browser has them: a cart is created, gets two lines, an address and a delivery method,
 * and is checked out with a payment that the sandbox captures. Each is opened by its own token.
 *
 * @param items how many there are; each cart has two of them
 */
export function* checkOut(headers: string, items: number): Sequence {
  const item = () => 1 + Math.floor(Math.random() * items)
  for (;;) {
    const created = JSON.parse(yield request('POST', '', '{"currency":"USD"}', headers)) as {
      id: string
      cart_token: string
    }
    const own = `authorization: Bearer ${created.cart_token}\r\n${headers}`
    const first = item()
    const second = 1 + (first % items)
    yield request('PUT', `/${created.id}/lines/${first}`, '{"quantity":2}', own)
    yield request('PUT', `/${created.id}/lines/${second}`, '{"quantity":1}', own)
    const { total } = JSON.parse(yield request('PATCH', `/${created.id}`, recipientBody, own)) as { total: number }
    const body = JSON.stringify({ payment, expected_total: total })
    const { bytes, kind } = request('POST', `/${created.id}/checkout`, body, own)
    yield { bytes, kind }
  }
}

function request(method: string, path: string, body: string, headers: string): EncodedRequest {
  const head = `${method} /api/carts${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n`
  const bytes = Buffer.from(`${head}content-length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`)
  return { bytes, kind: undefined, isFollowed: true }
}
