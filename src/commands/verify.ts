import { DatabaseClock } from '../platform/database-clock.ts'
import { verifyDatabase } from '../verify.ts'
import { type Command, withDatabase } from './command.ts'

export const verifyCommand: Command = {
  name: 'verify',
  summary: 'check the guarantees on the database: what is broken is listed, and the exit code is 1',
  options: {},
  run: context =>
    withDatabase(context, async (_, pool) => {
      const clock = new DatabaseClock()
      await clock.look(pool)
      const startedMs = performance.now()
      const { findings, orders, unproven } = await verifyDatabase(pool, {
        nowMs: clock.now(),
        unpaidExpiresAfterMs: context.config.unpaidExpiresAfterMs,
        onProgress: context.progress,
      })
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
      const lines = findings.map(({ invariant, says, broken, examples }) =>
        broken === 0
          ? `ok      ${invariant}  ${says}`
          : `BROKEN  ${invariant}  ${says}: ${broken}, such as ${examples.join(', ')}`,
      )
      const older =
        unproven === 0 ? '' : `, ${unproven.toLocaleString('en')} of them placed before documents had a checksum`
      return {
        text: [...lines, `${orders.toLocaleString('en')} orders${older}, in ${seconds} s`].join('\n'),
        json: findings,
        isFailure: findings.some(finding => finding.broken > 0),
      }
    }),
}
