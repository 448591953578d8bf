import { verifyOrders } from '../orders/verify.ts'
import { type Command, withDatabase } from './command.ts'

export const verifyCommand: Command = {
  name: 'verify',
  summary: 'check the guarantees on the database: what is broken is listed, and the exit code is 1',
  options: {},
  run: context =>
    withDatabase(context, async (_, pool) => {
      const findings = await verifyOrders(pool, Date.now(), context.config.unpaidExpiresAfterMs)
      const lines = findings.map(({ invariant, says, broken, examples }) =>
        broken === 0
          ? `ok      ${invariant}  ${says}`
          : `BROKEN  ${invariant}  ${says}: ${broken}, such as ${examples.join(', ')}`,
      )
      return { text: lines.join('\n'), json: findings, isFailure: findings.some(finding => finding.broken > 0) }
    }),
}
