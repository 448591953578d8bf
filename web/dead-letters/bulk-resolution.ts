import { signal } from '@preact/signals'
import { request } from '../platform/api.ts'
import { type LinesEnd, linesOf } from '../platform/lines.ts'
import type { Result } from './dead-letter.ts'

/** Which dead letters: by their ids, or all open ones with an error code or topic. */
export type Chosen = { ids: readonly string[] } | { code?: string; topic?: string }

export type Sums = { replayed: number; refused: number; discarded: number }

/** How it ended: all were processed; it had to stop, and why; or the answer was cut off. */
export type Ending = { kind: 'finished' } | { kind: 'stopped'; detail: string } | { kind: 'cut' }

type Line = Result | LinesEnd

/** The most rejections that are shown; the list has all of them. */
const refusedMax = 50

/** Replays or discards many dead letters, and tells how far it has come. */
export class BulkResolution {
  readonly sums = signal<Sums>({ replayed: 0, refused: 0, discarded: 0 })
  readonly refused = signal<readonly Result[]>([])
  readonly ending = signal<Ending | undefined>(undefined)
  /** Resolves when the service has begun to answer. */
  readonly begun: Promise<void>
  readonly #stop = new AbortController()
  #begin: () => void = () => undefined

  constructor() {
    this.begun = new Promise(resolve => {
      this.#begin = resolve
    })
  }

  /** Stops reading the answer; the service notices after a few batches, and stops too. */
  stop(): void {
    this.#stop.abort()
  }

  /**
   * Replays or discards the dead letters until all are resolved or it is stopped.
   *
   * @throws Refusal when it could not start
   */
  async run(kind: 'replay' | 'discard', chosen: Chosen, reason: string): Promise<void> {
    const body = { ...chosen, reason, actor: 'web' }
    const options = { method: 'POST', body, signal: this.#stop.signal } as const
    const response = await request(`/api/dead-letters/${kind}`, options)
    this.#begin()
    try {
      for await (const line of linesOf(response)) this.#take(JSON.parse(line) as Line)
    } catch {
      // The results so far are known; how much more the service does before it notices is not.
    }
    this.ending.value ??= { kind: 'cut' }
  }

  #take(line: Line): void {
    if ('complete' in line) {
      this.ending.value = line.complete ? { kind: 'finished' } : { kind: 'stopped', detail: line.detail ?? '' }
    } else {
      const name = line.outcome === 'refused' || line.outcome === 'discarded' ? line.outcome : 'replayed'
      const sums = this.sums.peek()
      this.sums.value = { ...sums, [name]: sums[name] + 1 }
      const refused = this.refused.peek()
      if (name === 'refused' && refused.length < refusedMax) this.refused.value = [...refused, line]
    }
  }
}
