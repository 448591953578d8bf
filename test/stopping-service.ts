import { readConfig } from '../src/config.ts'
import { modules } from '../src/modules.ts'
import { createLogger } from '../src/platform/log.ts'
import { filesRoot, settingsRoot } from '../src/platform/root.ts'
import { startService } from '../src/service.ts'

/**
 * A program: the service, which stops each payment at the point that STOP_AT names, says so, and does not go on until it is killed. The
 * rest of it runs.
 */

const config = readConfig(modules, process.env, settingsRoot, filesRoot)
const log = createLogger({ level: config.logLevel })
const service = await startService(config, log, new AbortController().signal, {
  paymentHooks: {
    async reached(point, operationId) {
      if (point !== process.env.STOP_AT) return
      process.stdout.write(`stopped: ${operationId} is ${point}\n`)
      await new Promise(() => undefined)
    },
  },
})
process.stdout.write(service.summary)
