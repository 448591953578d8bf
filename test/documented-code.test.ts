import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSender, timeouts } from '../src/webhooks/sender.ts'
import { secretOf, signedHeaders } from '../src/webhooks/signing.ts'
import { endWithThisProcess } from './end-with-this-process.ts'

/** The code that documents show is run as it stands there. */

const root = join(import.meta.dirname, '..')
const secret = secretOf(new Uint8Array(32).fill(7))
const sender = createSender({ allowPrivate: true, resolve: async () => ['127.0.0.1'], timeouts, version: '1.2.3' })
afterAll(() => sender.close())

/** The only block of a language in a document, as a file that finds the packages of the repository. */
function blockOf(document: string, language: string): string {
  const blocks = [...readFileSync(join(root, document), 'utf8').matchAll(/^```(\w+)\n(.*?)^```$/gms)]
  const found = blocks.filter(block => block[1] === language).map(block => block[2] ?? '')
  expect(found).toHaveLength(1)
  const folder = mkdtempSync(join(tmpdir(), 'documented-code-'))
  endWithThisProcess(folder)
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const file = join(folder, `block.${language}`)
  writeFileSync(file, found[0] ?? '')
  return file
}

test('the receiver in docs/webhooks.md accepts signed requests, and rejects others', async () => {
  const program = `
    import { receive } from '${blockOf('docs/webhooks.md', 'ts')}'
    const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: receive })
    console.log(server.port)`
  const child = Bun.spawn([process.execPath, '--no-env-file', '-e', program], {
    env: { PATH: process.env.PATH ?? '', WEBHOOK_SECRET: secret },
    stdout: 'pipe',
    stderr: 'inherit',
  })
  try {
    const printed = child.stdout.getReader()
    const read = async () => new TextDecoder().decode((await printed.read()).value)
    const url = `http://127.0.0.1:${(await read()).trim()}/`
    const body = new TextEncoder().encode('{"id":"7","type":"order.placed","order_uid":"ünïcode"}')
    const send = async (headers: Record<string, string>) => (await sender.post(url, headers, body)).status
    expect(await send(signedHeaders('7', body, [secret], Date.now()))).toBe(204)
    expect(await read()).toBe('order.placed ünïcode\n')
    expect(await send(signedHeaders('8', body, [secretOf(new Uint8Array(32))], Date.now()))).toBe(401)
    expect(await send(signedHeaders('7', body, [secret], Date.now() - 600_000))).toBe(401)
    expect(await send({})).toBe(401)
  } finally {
    child.kill()
    await child.exited
  }
})
