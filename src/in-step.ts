import { keysChannel } from './access/queries.ts'
import type { App } from './app.ts'
import { logChannel } from './events/append.ts'
import type { LogHome } from './events/log-home.ts'
import type { Notifier } from './events/notifier.ts'
import { listOrders, orderChangedChannel } from './orders/queries.ts'
import type { Logger } from './platform/log.ts'
import type { Listener } from './platform/notifications.ts'
import type { Pool } from './platform/postgres.ts'
import { webhooksChannel } from './webhooks/queries.ts'

const warmUpDeadlineMs = 2_000

/** Keeps this instance in step with the others: changed orders leave the cache, new keys are known, the log's bell rings. */
export function keepInStep(
  options: {
    app: App
    home: LogHome
    listener: Listener
    pool: Pool
    logGrown: Notifier
    webhooksChanged: Notifier
    log: Logger
  },
  stop: AbortSignal,
): Promise<void> {
  const { app, home, listener, pool, logGrown, webhooksChanged, log } = options
  const reloadKeys = () => {
    app.keys.noteChange()
    void app.keys.load().catch(error => log.warn({ err: error }, 'the API keys could not be read'))
  }
  return listener.run(
    {
      channels: [logChannel, keysChannel, orderChangedChannel, webhooksChannel],
      onNotify(channel, message) {
        if (channel === logChannel) logGrown.notify()
        else if (channel === webhooksChannel) webhooksChanged.notify()
        else if (channel === orderChangedChannel) forgetChanged(app, message)
        else reloadKeys()
      },
      onInStep() {
        void home.look().catch(() => undefined)
        app.cache.clear()
        void warmUp(app, pool, log)
        reloadKeys()
        logGrown.notify()
        webhooksChanged.notify()
      },
    },
    stop,
  )
}

/** @param message the version that the order was changed to, and its uid */
function forgetChanged(app: App, message: string): void {
  const [version = '', orderUid = ''] = message.split(' ')
  app.cache.forget(orderUid, Number(version))
}

/** Loads the newest orders, until the cache is full, all are there, or it has taken long enough. */
async function warmUp({ cache }: App, pool: Pool, log: Logger): Promise<void> {
  const startedMs = performance.now()
  const durationMs = () => Math.round(performance.now() - startedMs)
  const { epoch } = cache
  try {
    let after: Parameters<typeof listOrders>[2]
    do {
      const page = await listOrders(pool, {}, after, 500)
      if (!cache.fill(page.orders, epoch)) break
      after = page.next
    } while (after !== undefined && durationMs() < warmUpDeadlineMs)
    log.info({ ...cache.stats(), durationMs: durationMs() }, 'the newest orders are cached')
  } catch (error) {
    log.warn({ err: error }, 'the newest orders could not be cached; they will be as they are asked for')
  }
}
