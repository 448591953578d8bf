import { AppError } from '../errors.ts'
import { withDeadline } from '../platform/deadline.ts'
import { hostOf, publicAddresses, type Resolve, TargetRefusedError } from './targets.ts'

const resolveDeadlineMs = 5_000

/** What resolvers say of a name that does not exist; everything else may be different a little later. */
const noSuchName = /^(DNS_)?(ENOTFOUND|ENODATA|ENONAME)$/

/**
 * Checks where a subscription wants its events sent to. The same is checked again at each connection: a name may lead elsewhere
 * by then.
 *
 * @param url one that has the right form
 * @throws AppError REQUEST_INVALID when it may not be called; RESOLVER_UNAVAILABLE when that cannot be found out now
 */
export async function checkTarget(url: string, options: { allowPrivate: boolean; resolve: Resolve }): Promise<void> {
  if (options.allowPrivate) return
  try {
    await withDeadline(publicAddresses(hostOf(new URL(url)), options.resolve), resolveDeadlineMs, () => {
      throw new Error(`the resolver did not answer within ${resolveDeadlineMs} ms`)
    })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (error instanceof TargetRefusedError) throw refusal('must be on the public internet')
    if (noSuchName.test(code)) throw refusal('must have a host that exists')
    throw new AppError('RESOLVER_UNAVAILABLE', 'the name of the host cannot be resolved now', { cause: error })
  }
}

function refusal(detail: string): AppError {
  return new AppError('REQUEST_INVALID', 'the body is not valid', { violations: [{ pointer: '/url', detail }] })
}
