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

/** How long a server that says it is ready may refuse connections before this counts as a failure. */
const unreachableMs = 30_000

/**
 * Keeps one server running on one folder. A lock in its database, held by one connection, marks it as ours: the lock is released when
 * this process ends in any way, and the end of the connection means that the server has died.
 */
export class Supervisor {
  readonly #supervision: Supervision
  readonly #stopping = new AbortController()
  readonly #exitListeners: ((reason: string) => void)[] = []
  #owner: { client: Client; pid: number } | undefined
  /** The launch whose outcome is not known yet, or that became the server. */
  #launched: Launched | undefined
  #recovery: Promise<void> | undefined
  #stopped: Promise<void> | undefined

  /** Starts nothing yet. @param supervision the folder, the programs and the settings */
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
      // Recovery may take as long as it needs, which may be minutes.
      const waitedMs = performance.now() - waitedFrom
      if (running?.status === 'ready' && waitedMs > unreachableMs) throw unreachable(folder, running.pid)
      if (running?.status === 'ready') await this.#pause(50)
      if (waitedMs < noteAfterMs) continue
      log.info({ waitedMs }, 'PostgreSQL is still recovering its data or shutting down')
      noteAfterMs *= 2
    }
  }

  /** Calls the listener with a reason whenever the server ended unexpectedly; it is restarted in any case. */
  onExit(listener: (reason: string) => void) {
    this.#exitListeners.push(listener)
  }

  /** The server's first process; undefined while it is down. */
  processId(): number | undefined {
    return this.#owner?.pid
  }

  /** Makes `secure` give up soon. `stop` ends what it has started. */
  interrupt() {
    this.#stopping.abort()
  }

  /** Stops the server if it is ours, and the attempts to start it. Resolves when none of its processes is left. */
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

  /** Takes ownership of the server behind the connection. False: it has gone, or was stopped to be started again. */
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

  /** Whether a server left behind fits; one of another version of the service, with other settings or binaries, is stopped. */
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

  /** Restarts the server. Never gives up, because the cause (a full disk) may be fixed at any time. */
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
        // The 1st, 2nd, 4th, 8th … failure, so that a night of failures does not fill the log.
        if (isPowerOfTwo(failures))
          log.error({ failures, reason: String(error) }, 'PostgreSQL is down and cannot be started')
        await pause(backoffMs(recoveryBackoff, failures, Math.random()), this.#stopping.signal)
      }
    }
  }

  /** Finds out whether the server ended or only closed its connections, as it does when one of its processes crashed. */
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
