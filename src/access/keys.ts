import { createHash, randomBytes } from 'node:crypto'
import { AppError } from '../errors.ts'
import { withDeadline } from '../platform/deadline.ts'
import { type AccessCheck, bearerToken, type HttpRequest } from '../platform/http.ts'

/** An API key as it is stored: never the key itself. */
export type ApiKey = { digest: string; scopes: readonly string[] }

/** A new key: 256 random bits behind a prefix that secret scanners can look for. */
export function generateKey(): string {
  return `sk_${randomBytes(32).toString('base64url')}`
}

/** What is stored of a key: its SHA-256 in hex. A key is random and long, so it needs no slow hash. */
export function digestOf(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

/** Headers that are remembered; when there are more, all are forgotten. */
const recentHeadersMax = 1_000

/** How long stored keys count as current while no notifications arrive. */
const unheardStandsMs = 1_000

/** How long a request waits while the keys are read again. */
const renewalDeadlineMs = 2_000

export type KeyRingOptions = {
  /** Keys of the configuration, valid whatever is stored. */
  configured: readonly ApiKey[]
  /** Reads the stored keys that are valid now. */
  read: () => Promise<readonly ApiKey[]>
  /** Whether this instance is notified of every change to the stored keys within a second. */
  isInStep: (nowMs: number) => boolean
}

/**
 * The keys that are valid now; the set is replaced as a whole when keys are made or revoked.
 *
 * What was read is current as long as no change is known since, and as long as changes are heard of; without that it is current
 * for a second. A key that was revoked is not valid here for longer than that, whatever the database and the way to it do.
 */
export class KeyRing {
  readonly #options: KeyRingOptions
  readonly #configured: ReadonlyMap<string, ApiKey>
  #byDigest: ReadonlyMap<string, ApiKey>
  /** The keys of headers that came lately: the digest of each would cost more than the rest of a cached read. */
  readonly #recent = new Map<string, ApiKey>()
  /** Changes that were noted, and how many of them before the current keys were read. */
  #changes = 0
  #loadedChanges = -1
  #loadedAtMs = Number.NEGATIVE_INFINITY
  #loading: { changes: number; startedMs: number; done: Promise<void> } | undefined

  constructor(options: KeyRingOptions) {
    this.#options = options
    this.#configured = new Map(options.configured.map(key => [key.digest, key]))
    this.#byDigest = this.#configured
  }

  /** Notes that stored keys have changed, or may have: those in memory are no longer current. */
  noteChange(): void {
    this.#changes += 1
  }

  /** @param nowMs by `performance.now()` */
  isCurrent(nowMs: number): boolean {
    if (this.#loadedChanges !== this.#changes) return false
    return this.#options.isInStep(nowMs) || nowMs - this.#loadedAtMs <= unheardStandsMs
  }

  /** Makes the keys current. @throws the database's error */
  load(): Promise<void> {
    const startedMs = performance.now()
    const running = this.#loading
    const isNew = running !== undefined && startedMs - running.startedMs < unheardStandsMs / 2
    if (isNew && running.changes === this.#changes) return running.done
    const loading = { changes: this.#changes, startedMs, done: this.#read(this.#changes, startedMs) }
    const forget = () => {
      if (this.#loading === loading) this.#loading = undefined
    }
    loading.done.then(forget, forget)
    this.#loading = loading
    return loading.done
  }

  async #read(changes: number, startedMs: number): Promise<void> {
    const stored = await this.#options.read()
    // A read that began earlier may finish later.
    if (startedMs >= this.#loadedAtMs) this.replace(stored, changes, startedMs)
  }

  /** Replaces the stored keys. */
  replace(stored: readonly ApiKey[], changes = this.#changes, asOfMs = performance.now()): void {
    this.#byDigest = new Map([...this.#configured, ...stored.map(key => [key.digest, key] as const)])
    this.#recent.clear()
    this.#loadedChanges = changes
    this.#loadedAtMs = asOfMs
  }

  /** Makes the keys current for a request that waits. @throws AppError STORE_UNAVAILABLE when that fails */
  async renew(): Promise<void> {
    try {
      await withDeadline(this.load(), renewalDeadlineMs, () => {
        throw new Error(`the keys were not read within ${renewalDeadlineMs} ms`)
      })
    } catch (cause) {
      throw new AppError('STORE_UNAVAILABLE', 'which API keys are valid cannot be told at this moment', { cause })
    }
  }

  get isEmpty(): boolean {
    return this.#byDigest.size === 0
  }

  /** Whether an `Authorization` header brings a key that is valid whatever is stored. */
  isConfigured(authorization: string): boolean {
    const key = this.find(authorization)
    return key !== undefined && this.#configured.has(key.digest)
  }

  /**
   * The key in an `Authorization` header. It is looked up by digest, so the time it takes tells nothing about any key.
   *
   * @returns undefined when it brings none that is valid
   */
  find(authorization: string): ApiKey | undefined {
    const recent = this.#recent.get(authorization)
    if (recent !== undefined) return recent
    // RFC 9110, 11.1: the name of a scheme is the same in any case.
    if (authorization.slice(0, scheme.length).toLowerCase() !== scheme) return undefined
    const found = this.#byDigest.get(digestOf(authorization.slice(scheme.length).trim()))
    if (found === undefined) return undefined
    if (this.#recent.size >= recentHeadersMax) this.#recent.clear()
    this.#recent.set(authorization, found)
    return found
  }
}

const scheme = 'bearer '

/**
 * Who may call what. With keys: a `Bearer` key that has the scope. Without any key the service listens on loopback only,
 * and then a browser on this machine must not be made its caller: the address it was asked under must be loopback (or a
 * foreign name could be pointed here), and the page that asks must be our own.
 *
 * @param isLocal whether the service listens on loopback only; elsewhere nobody is served without a key, also when the last
 *   one was revoked
 */
export function createAccessCheck(ring: KeyRing, isLocal: boolean): AccessCheck {
  const check = (request: Parameters<AccessCheck>[0], scope: string) => {
    if (isLocal && ring.isEmpty) return checkOrigin(request)
    const authorization = request.headers.get('authorization')
    if (authorization === null) return new AppError('KEY_MISSING', 'send Authorization: Bearer and an API key')
    const key = ring.find(authorization)
    if (key === undefined) return new AppError('KEY_UNKNOWN', 'the key in Authorization is not one of ours, or revoked')
    if (!key.scopes.includes(scope)) return new AppError('SCOPE_MISSING', `the key needs the scope ${scope}`)
    return undefined
  }
  return (request, scope, nowMs) => {
    if (scope === 'public') return undefined
    if (ring.isCurrent(nowMs) || ring.isConfigured(request.headers.get('authorization') ?? ''))
      return check(request, scope)
    // Without the database the service offers nothing but its health, which must be readable when something is down.
    const isOpen = isLocal && ring.isEmpty
    return ring.renew().then(
      () => check(request, scope),
      error => (isOpen ? check(request, scope) : Promise.reject(error)),
    )
  }
}

/**
 * Who sends a request that was let in: the digest of its key, or of another token that its route checks, or `anonymous` where none is
 * needed.
 */
export function callerOf(ring: KeyRing, request: HttpRequest): string {
  const known = ring.find(request.headers.get('authorization') ?? '')?.digest
  if (known !== undefined) return known
  const token = bearerToken(request, '')
  return token === undefined ? 'anonymous' : digestOf(token)
}

const loopbackHost = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/

function checkOrigin(request: HttpRequest): AppError | undefined {
  // HTTP/1.0 sends none, and HTTP/1.1 may send an empty one; a browser that was led here names whom it asks.
  const host = request.headers.get('host') || null
  if (host !== null && !loopbackHost.test(host)) {
    return new AppError('ORIGIN_REFUSED', 'without API keys the service answers to localhost only')
  }
  const origin = request.headers.get('origin')
  if (origin !== null && origin !== `http://${host}`) {
    return new AppError('ORIGIN_REFUSED', 'without API keys only pages of this service may call it')
  }
  return undefined
}
