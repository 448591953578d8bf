import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import type { Logger } from './log.ts'
import { clientConfig, type PostgresAddress } from './postgres.ts'

/** How often a silent connection is asked whether it is still one, and how long it may take to answer. */
const heartbeatMs = 500

/**
 * Listens to channels of the database until told to stop, through any outage.
 *
 * @param options onNotify: hears of each notification; onConnect: hears of each new connection: what was notified before
 *   it may have been missed
 */
export async function keepListening(
  options: {
    address: PostgresAddress
    channels: readonly string[]
    onNotify: (channel: string, message: string) => void
    onConnect: () => void
    log: Logger
  },
  stop: AbortSignal,
): Promise<void> {
  for (let failures = 0; !stop.aborted; failures += 1) {
    const client = new Client(clientConfig(options.address, 'orders listener'))
    const broken = new AbortController()
    client.on('error', () => broken.abort())
    client.on('end', () => broken.abort())
    client.on('notification', ({ channel, payload }) => options.onNotify(channel, payload ?? ''))
    try {
      await client.connect()
      for (const channel of options.channels) await client.query(`listen ${channel}`)
      options.onConnect()
      failures = 0
      while (!stop.aborted && !broken.signal.aborted) {
        await sleep(heartbeatMs, undefined, { signal: AbortSignal.any([stop, broken.signal]) }).catch(() => undefined)
        // A connection can be gone without either side being told; asking is the only way to know.
        if (!stop.aborted) await client.query('select 1')
      }
    } catch (error) {
      if (failures === 0) options.log.warn({ err: error }, 'the connection that hears of changes was lost')
    }
    await client.end().catch(() => undefined)
    await sleep(Math.min(100 * 2 ** failures, 2_000), undefined, { signal: stop }).catch(() => undefined)
  }
}
