import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { type Backoff, backoffMs } from '../backoff.ts'
import { isPowerOfTwo, pause } from '../periodic.ts'
import { connect, ensureDatabase, inUse, isAnswer, takeOwnership, unreachable, versionOf } from './owner.ts'
import {
  clearAfterFailure,
  endServer,
  hasEnded,
  type Launched,
  launch,
  runningServer,
  type Supervision,
  wasStartedLike,
} from './process.ts'
import { EmbeddedPostgresError } from './program.ts'

const recoveryBackoff: Backoff = { firstMs: 200, maxMs: 5_000 }

/** How long a server that says it is ready may refuse connections before a person has to look at it. */
const unreachableMs = 30_000

/**
 * Keeps one server running on one folder. That the server is ours is said by a lock in its database, held by one
 * connection: the lock dies with this process however it ends, and the connection's end tells that the server died.
 */
export class Supervisor {
  readonly #supervision: Supervision
  readonly #stopping = new AbortController()
  readonly #exitListeners: ((reason: string) => void)[] = []
  #owner: { client: Client; pid: number } | undefined
  /** The launch whose outcome is not judged yet, or that became the server. */
  #launched: Launched | undefined
  #recovery: Promise<void> | undefined
  #stopped: Promise<void> | undefined

  /** @param supervision what it works with; nothing is started yet */
  constructor(supervision: Supervision) {
    this.#supervision = supervision
  }

  /**
   * Returns when a server runs on the folder, takes connections and belongs to this process.
   *
   * @throws EmbeddedPostgresError when that cannot be; an AbortError when it was interrupted
   */
  async secure() {
    const { folder, settings, program, log } = this.#supervision
    let waitedFrom = performance.now()
    let launches = 0
    for (let noteAfterMs = 10_000; ; await this.#pause(5)) {
      const running = runningServer(folder)
      const client = running?.status === 'starting' ? undefined : await connect(folder)
      if (client && (await this.#own(client))) return
      const launching = this.#launched !== undefined && this.#launched.ended === undefined
      if (!running && !launching) {
        if (this.#launched) await clearAfterFailure(folder, this.#launched, launches)
        if (launches > 0) await this.#pause(100)
        this.#launched = launch(program, folder, settings)
        launches += 1
        waitedFrom = performance.now()
        continue
      }
      // While it recovers its data it gets the time it needs, which may be minutes.
      const waitedMs = performance.now() - waitedFrom
      if (running?.status === 'ready' && waitedMs > unreachableMs) throw unreachable(folder, running.pid)
      if (running?.status === 'ready') await this.#pause(50)
      if (waitedMs < noteAfterMs) continue
      log.info({ waitedMs }, 'PostgreSQL is still recovering its data or shutting down')
      noteAfterMs *= 2
    }
  }

  /** Calls the listener with a reason whenever the server ended unasked; it is started again in any case. */
  onExit(listener: (reason: string) => void) {
    this.#exitListeners.push(listener)
  }

  /** The server's first process; undefined while it is down. */
  processId(): number | undefined {
    return this.#owner?.pid
  }

  /** Makes `secure` give up soon. What it has started is ended by `stop`. */
  interrupt() {
    this.#stopping.abort()
  }

  /** Ends the server if it is ours, and the attempts to start it. Returns when no process of it is left. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop() {
    const { folder, stopTimeoutMs } = this.#supervision
    this.#stopping.abort()
    await this.#recovery
    const launchedPid = this.#launched?.ended === undefined ? this.#launched?.pid : undefined
    const pid = this.#owner?.pid ?? launchedPid
    if (pid !== undefined) {
      await endServer(folder, pid, stopTimeoutMs)
      await hasEnded(folder, pid, this.#launched)
    }
    await this.#owner?.client.end().catch(() => undefined)
    this.#owner = undefined
  }

  /** Makes the server behind the connection ours. False: it has gone, or has been ended so that it can be started anew. */
  async #own(client: Client): Promise<boolean> {
    try {
      if (!(await takeOwnership(client, 1_500))) {
        this.#launched = undefined // Even if this process launched it, it belongs to the other service now.
        throw inUse(this.#supervision.folder)
      }
      const pid = runningServer(this.#supervision.folder)?.pid
      if (pid !== undefined && (await this.#fits(client, pid))) {
        await ensureDatabase(client, this.#supervision.database)
        client.once('end', () => this.#lost())
        this.#owner = { client, pid }
        return true
      }
    } catch (error) {
      await client.end().catch(() => undefined)
      if (error instanceof EmbeddedPostgresError) throw error
      if (isAnswer(error))
        throw new EmbeddedPostgresError(`PostgreSQL refuses to work: ${error.message}.`, { cause: error })
      return false
    }
    await client.end().catch(() => undefined)
    return false
  }

  /** A server left behind by another version of the service may have other settings or other binaries: it is ended. */
  async #fits(client: Client, pid: number): Promise<boolean> {
    const { folder, program, settings, stopTimeoutMs, log } = this.#supervision
    if (pid === this.#launched?.pid) return true
    const fits = wasStartedLike(program, folder, settings) && (await versionOf(client)) === program.version
    log.info({ pid }, fits ? 'taking over the PostgreSQL that was left' : 'restarting the PostgreSQL that was left')
    if (!fits) await endServer(folder, pid, stopTimeoutMs)
    return fits
  }

  #lost() {
    const pid = this.#owner?.pid
    this.#owner = undefined
    if (pid !== undefined && !this.#stopping.signal.aborted) this.#recovery = this.#recover(pid)
  }

  /** Brings the server back. Never gives up, because what is in the way (a full disk) may be mended meanwhile. */
  async #recover(pid: number) {
    const { log } = this.#supervision
    for (let failures = 0; !this.#stopping.signal.aborted; ) {
      try {
        if (failures === 0) await this.#noteEnd(pid)
        await this.secure()
        log.info({ pid: this.#owner?.pid }, 'PostgreSQL is up again')
        return
      } catch (error) {
        if (this.#stopping.signal.aborted) return
        this.#launched = undefined
        failures += 1
        // The first failures and then ever fewer, so that a night of failing does not fill the log.
        if (isPowerOfTwo(failures))
          log.error({ failures, reason: String(error) }, 'PostgreSQL is down and cannot be started')
        await pause(backoffMs(recoveryBackoff, failures, Math.random()), this.#stopping.signal)
      }
    }
  }

  /** Finds out whether the server ended or only cut its connections, as it does when one of its processes crashed. */
  async #noteEnd(pid: number) {
    const { folder, log } = this.#supervision
    const launched = this.#launched?.pid === pid ? this.#launched : undefined
    if (!(await hasEnded(folder, pid, launched))) {
      log.warn({ pid }, 'PostgreSQL has cut all connections')
      return
    }
    this.#launched = undefined
    const reason = `PostgreSQL (process ${pid}) is gone: ${launched?.ended ?? 'it was not started by this process'}`
    log.error({ pid }, reason)
    for (const listener of this.#exitListeners) listener(reason)
  }

  async #pause(ms: number) {
    await sleep(ms, undefined, { signal: this.#stopping.signal })
  }
}
