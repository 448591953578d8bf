import { afterEach, describe, expect, test } from 'bun:test'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { startReceiver } from '../../test/receiver.ts'
import { body, endSenders, endWithTest, post, receiverOf, senderOf } from '../../test/senders.ts'

afterEach(endSenders)

describe('a connection', () => {
  test('that is refused is a failure', async () => {
    const receiver = await startReceiver()
    await receiver.close()
    expect(await post(senderOf(), receiver.url)).toEqual({ status: null, error: 'ECONNREFUSED', answer: '' })
  })

  test('is broken off when the service has to stop', async () => {
    const stop = new AbortController()
    const receiver = await receiverOf(() => {
      stop.abort()
      return undefined
    })
    const attempt = await senderOf().post(receiver.url, {}, body, stop.signal)
    expect(attempt.error).toBe('the service stopped')
  })

  test('goes to the address that was looked up, under the name in the URL', async () => {
    const receiver = await receiverOf()
    const { port } = new URL(receiver.url)
    const asked: string[] = []
    const sender = senderOf({
      resolve: async host => {
        asked.push(host)
        return ['127.0.0.1']
      },
    })
    expect((await post(sender, `http://hooks.example:${port}/`)).status).toBe(200)
    expect(asked).toEqual(['hooks.example'])
    expect(receiver.received[0]?.headers.host).toBe(`hooks.example:${port}`)
  })

  const inside = { status: null, error: 'the target is not on the public internet', answer: '' }

  test('into the network is refused, whether by address or by name', async () => {
    const receiver = await receiverOf()
    const { port } = new URL(receiver.url)
    const sender = senderOf({ allowPrivate: false })
    for (const host of ['127.0.0.1', 'localhost', 'hooks.example', '[::1]', '[::ffff:127.0.0.1]', '2130706433']) {
      expect(await post(sender, `http://${host}:${port}/`)).toEqual(inside)
    }
    expect(receiver.received).toEqual([])
  })

  test('to a name that has come to lead inside is refused, though it was public before', async () => {
    const receiver = await receiverOf()
    const { port } = new URL(receiver.url)
    const addresses = [['1.1.1.1'], ['127.0.0.1'], ['1.1.1.1', '127.0.0.1']]
    const sender = senderOf({
      allowPrivate: false,
      resolve: async () => addresses.shift() ?? [],
      timeouts: { connectMs: 100 },
    })
    expect((await post(sender, `http://rebinding.example:${port}/`)).error).not.toBe(inside.error)
    for (let look = 0; look < 3; look += 1) {
      expect(await post(sender, `http://rebinding.example:${port}/`)).toEqual(inside)
    }
    expect(receiver.received).toEqual([])
  })

  test('asks no proxy of the environment', async () => {
    const proxy = await receiverOf()
    const target = http.createServer((_, response) => response.end('direct'))
    await new Promise<void>(resolve => target.listen(0, '127.0.0.1', resolve))
    endWithTest(() => target.close())
    // In a process of its own: others in this one may be asking for something, and would find the proxy too.
    const program = `
      import { createSender, timeouts } from '${join(import.meta.dirname, 'sender.ts')}'
      const sender = createSender({ allowPrivate: true, resolve: async () => ['127.0.0.1'], timeouts, version: '' })
      const { answer } = await sender.post('http://hooks.example:${(target.address() as AddressInfo).port}/', {}, Buffer.from('{}'))
      console.log(answer)
      process.exit(0)`
    const env = { PATH: process.env.PATH ?? '', HTTP_PROXY: proxy.url, http_proxy: proxy.url, NODE_USE_ENV_PROXY: '1' }
    const child = Bun.spawn([process.execPath, '--no-env-file', '-e', program], { env, stdout: 'pipe' })
    expect(await new Response(child.stdout).text()).toBe('direct\n')
    expect(proxy.received).toEqual([])
  })
})
