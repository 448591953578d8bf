/**
 * A receiver of webhooks that takes everything and counts it, and a webhook of the service for it.
 *
 * @param url of the service, which has to allow receivers on this machine
 */
export async function receiveWebhooks(url: string): Promise<{ received(): number; stop(): Promise<void> }> {
  let received = 0
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch() {
      received += 1
      return new Response(null, { status: 204 })
    },
  })
  const answer = await fetch(`${url}/api/webhooks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url: `http://127.0.0.1:${server.port}/` }),
  })
  if (answer.status !== 201) throw new Error(`no webhook could be made: ${await answer.text()}`)
  return { received: () => received, stop: () => server.stop(true) }
}
