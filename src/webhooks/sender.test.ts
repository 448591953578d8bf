import { afterEach, describe, expect, test } from 'bun:test'
import { eventually } from '../../test/kafka.ts'
import { isSignedWith } from '../../test/receiver.ts'
import { body, endSenders, post, rawReceiver, receiverOf, senderOf } from '../../test/senders.ts'
import { secretOf, signedHeaders, validSecrets } from './signing.ts'

afterEach(endSenders)

describe('a delivery', () => {
  const now = Date.now()
  const oldSecret = secretOf(new Uint8Array(32).fill(1))
  const newSecret = secretOf(crypto.getRandomValues(new Uint8Array(32)))

  test('is signed so that the library of Standard Webhooks accepts it, with each valid secret', async () => {
    const receiver = await receiverOf()
    const endpoint = {
      id: '1',
      url: receiver.url,
      eventTypes: ['*'],
      secret: newSecret,
      previousSecret: { secret: oldSecret, untilMs: now + 1 },
    }
    await post(senderOf(), receiver.url, signedHeaders('7', body, validSecrets(endpoint, now), now))
    await post(senderOf(), receiver.url, signedHeaders('7', body, validSecrets(endpoint, now + 1), now))
    const [both, one] = receiver.received
    if (both === undefined || one === undefined) throw new Error('nothing came')
    expect(both.body).toBe(new TextDecoder().decode(body))
    expect(both.headers['webhook-signature']).toMatch(/^v1,\S{44} v1,\S{44}$/)
    expect([newSecret, oldSecret].map(secret => isSignedWith(secret, both))).toEqual([true, true])
    expect([newSecret, oldSecret].map(secret => isSignedWith(secret, one))).toEqual([true, false])
    expect(isSignedWith(newSecret, { ...one, body: `${one.body} ` })).toBe(false)
    expect(newSecret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
  })

  test('says who sends it, and where that is explained', async () => {
    const receiver = await receiverOf()
    await post(senderOf(), receiver.url)
    expect(receiver.received[0]?.headers['user-agent']).toBe(
      'shopping-cart-webhooks/1.2.3 (+https://www.standardwebhooks.com)',
    )
  })

  test('keeps its connection for the next one', async () => {
    const ports = new Set<number | undefined>()
    const receiver = await receiverOf((_, __, request) => {
      ports.add(request.socket.remotePort)
      return 204
    })
    const sender = senderOf()
    for (let index = 0; index < 5; index += 1) await post(sender, receiver.url)
    expect(receiver.received).toHaveLength(5)
    expect(ports.size).toBe(1)
  })

  test('goes out again at once when the kept connection has been closed meanwhile', async () => {
    let connections = 0
    const url = await rawReceiver(socket => {
      connections += 1
      let requests = 0
      socket.on('data', () => {
        requests += 1
        if (requests > 1) socket.destroy()
        else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      })
    })
    const sender = senderOf()
    const answered = { status: 200, error: null, answer: 'ok' }
    expect(await post(sender, url)).toEqual(answered)
    expect(await post(sender, url)).toEqual(answered)
    expect(connections).toBe(2)
  })
})

describe('an answer', () => {
  test('that redirects is not followed', async () => {
    const elsewhere = await receiverOf()
    const receiver = await receiverOf((_, response) => {
      response.writeHead(307, { location: elsewhere.url }).end('go there')
      return undefined
    })
    expect(await post(senderOf(), receiver.url)).toEqual({ status: 307, error: null, answer: 'go there' })
    expect(elsewhere.received).toEqual([])
  })

  test('that never comes is not waited for', async () => {
    const receiver = await receiverOf(() => undefined)
    const sender = senderOf({ timeouts: { answerMs: 100 } })
    expect(await post(sender, receiver.url)).toEqual({ status: null, error: 'no answer within 100 ms', answer: '' })
  })

  test('whose head comes byte by byte is cut off', async () => {
    const url = await rawReceiver(socket => {
      const head = 'HTTP/1.1 200 OK\r\nX-Slow: yes\r\n'.split('')
      const drip = setInterval(() => socket.write(head.shift() ?? 'x'), 20)
      socket.on('close', () => clearInterval(drip))
    })
    const sender = senderOf({ timeouts: { answerMs: 200 } })
    expect(await post(sender, url)).toEqual({ status: null, error: 'no answer within 200 ms', answer: '' })
  })

  test('whose body comes byte by byte is cut off; its status counts', async () => {
    let isClosed = false
    const receiver = await receiverOf((_, response) => {
      response.writeHead(200)
      response.write('x')
      const drip = setInterval(() => response.write('x'), 20)
      response.on('close', () => {
        clearInterval(drip)
        isClosed = true
      })
      return undefined
    })
    const { status, error, answer } = await post(senderOf({ timeouts: { bodyMs: 150 } }), receiver.url)
    expect({ status, error }).toEqual({ status: 200, error: null })
    expect(answer).toMatch(/^x+$/)
    await eventually('the receiver is rid of it', () => isClosed)
  })

  test('without end is cut off, and only its beginning kept', async () => {
    let sentBytes = 0
    const receiver = await receiverOf((_, response) => {
      response.writeHead(200)
      const chunk = Buffer.alloc(16 * 1024, 'a')
      const send = () => {
        while (!response.destroyed && response.write(chunk)) sentBytes += chunk.byteLength
      }
      response.on('drain', send)
      send()
      return undefined
    })
    const attempt = await post(senderOf({ timeouts: { bodyMs: 10_000 } }), receiver.url)
    expect(attempt).toEqual({ status: 200, error: null, answer: 'a'.repeat(1024) })
    expect(sentBytes).toBeLessThan(20 * 1024 * 1024)
  })

  test.each([
    ['no HTTP', 'not http at all\r\n\r\n'],
    ['nothing but headers', `HTTP/1.1 200 OK\r\n${`X-Large: ${'a'.repeat(1000)}\r\n`.repeat(200)}`],
  ])('that is %s is a failure', async (_, text) => {
    const url = await rawReceiver(socket => socket.write(text))
    const attempt = await post(senderOf({ timeouts: { answerMs: 10_000 } }), url)
    expect(attempt).toEqual({ status: null, error: expect.stringContaining('HPE_'), answer: '' })
  })

  test('with bytes that no text has is kept as text', async () => {
    const receiver = await receiverOf((_, response) => {
      response.writeHead(500).end(Buffer.from([0x61, 0x00, 0xff, 0x62]))
      return undefined
    })
    expect(await post(senderOf(), receiver.url)).toEqual({ status: 500, error: null, answer: 'a\ufffd\ufffdb' })
  })
})

describe('a delivery that is forbidden before it is sent', () => {
  const forbid = () => {
    throw new Error('the lease is over')
  }

  test('is not sent on a connection that took long, nor on one that is kept', async () => {
    const receiver = await receiverOf()
    const sender = senderOf()
    await expect(sender.post(receiver.url, {}, body, undefined, forbid)).rejects.toThrow('the lease is over')
    expect(await post(sender, receiver.url)).toMatchObject({ status: 200 })
    await expect(sender.post(receiver.url, {}, body, undefined, forbid)).rejects.toThrow('the lease is over')
    expect(receiver.received.length).toBe(1)
  })

  test('is asked for when the connection stands, and again when it is sent again', async () => {
    const resolved = Promise.withResolvers<string[]>()
    const receiver = await receiverOf()
    const sender = senderOf({ resolve: () => resolved.promise })
    let asked = 0
    const url = receiver.url.replace('127.0.0.1', 'receiver.test')
    const attempt = sender.post(url, {}, body, undefined, () => {
      asked += 1
    })
    await Bun.sleep(0)
    expect(asked).toBe(0)
    resolved.resolve(['127.0.0.1'])
    expect(await attempt).toMatchObject({ status: 200 })
    expect(asked).toBe(1)
  })
})
