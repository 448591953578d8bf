import { createHash, randomBytes } from 'node:crypto'
import { AppError } from '../errors.ts'
import type { AccessCheck } from '../platform/http.ts'

/** An API key as it is kept: never the key itself. */
export type ApiKey = { digest: string; scopes: readonly string[] }

/** A new key: 256 random bits behind a prefix that secret scanners can look for. */
export function generateKey(): string {
  return `sk_${randomBytes(32).toString('base64url')}`
}

/** What is stored of a key: its SHA-256 in hex. A key is random and long, so it needs no slow hash. */
export function digestOf(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

/** Headers that are remembered; beyond that all are forgotten and found again. */
const recentHeadersMax = 1_000

/** The keys that are valid now; the set is replaced as a whole when keys are made or revoked. */
export class KeyRing {
  #byDigest: ReadonlyMap<string, ApiKey> = new Map()
  /** The keys of headers that came lately: the digest of each would cost more than the rest of a cached read. */
  readonly #recent = new Map<string, ApiKey>()

  replace(keys: readonly ApiKey[]): void {
    this.#byDigest = new Map(keys.map(key => [key.digest, key]))
    this.#recent.clear()
  }

  get isEmpty(): boolean {
    return this.#byDigest.size === 0
  }

  /**
   * The key that an `Authorization` header brings. Looked up by digest: how long that takes tells nothing of any key.
   *
   * @returns undefined when it brings none that is valid
   */
  find(authorization: string): ApiKey | undefined {
    const recent = this.#recent.get(authorization)
    if (recent !== undefined) return recent
    if (!authorization.startsWith(scheme)) return undefined
    const found = this.#byDigest.get(digestOf(authorization.slice(scheme.length).trim()))
    if (found === undefined) return undefined
    if (this.#recent.size >= recentHeadersMax) this.#recent.clear()
    this.#recent.set(authorization, found)
    return found
  }
}

const scheme = 'Bearer '

/**
 * Who may call what. With keys: a `Bearer` key that has the scope. Without any key the service listens on loopback only,
 * and then a browser on this machine must not be made its caller: the address it was asked under must be loopback (or a
 * foreign name could be pointed here), and the page that asks must be our own.
 *
 * @param isLocal whether the service listens on loopback only; elsewhere nobody is served without a key, also when the last
 *   one was revoked
 */
export function createAccessCheck(ring: KeyRing, isLocal: boolean): AccessCheck {
  return (request, scope) => {
    if (scope === 'public') return undefined
    if (isLocal && ring.isEmpty) return checkOrigin(request)
    const authorization = request.headers.get('authorization')
    if (authorization === null) return new AppError('KEY_MISSING', 'send Authorization: Bearer and an API key')
    const key = ring.find(authorization)
    if (key === undefined) return new AppError('KEY_UNKNOWN', 'the key in Authorization is not one of ours, or revoked')
    if (!key.scopes.includes(scope)) return new AppError('SCOPE_MISSING', `the key needs the scope ${scope}`)
    return undefined
  }
}

/** Who sends a request that was let in: the digest of its key, or `anonymous` where none is needed. */
export function callerOf(ring: KeyRing, request: Request): string {
  return ring.find(request.headers.get('authorization') ?? '')?.digest ?? 'anonymous'
}

const loopbackHost = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/

function checkOrigin(request: Request): AppError | undefined {
  const host = request.headers.get('host')
  if (host !== null && !loopbackHost.test(host)) {
    return new AppError('ORIGIN_REFUSED', 'without API keys the service answers to localhost only')
  }
  const origin = request.headers.get('origin')
  if (origin !== null && origin !== `http://${host}`) {
    return new AppError('ORIGIN_REFUSED', 'without API keys only pages of this service may call it')
  }
  return undefined
}
