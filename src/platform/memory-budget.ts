import { Counter, Gauge, type Registry } from './metrics.ts'

/** What callers can make the service hold: bodies that are not complete, answers that nobody takes, streams that are open. */
const holders = ['bodies', 'answers', 'streams'] as const
export type Holder = (typeof holders)[number]

/**
 * How much memory callers can make the service hold, all together. Whatever would go beyond it is refused with 503, so that slow
 * or hostile callers cost others an answer at most, and never the process.
 *
 * Counted are payload bytes; what the runtime adds (copies, buffers that wait for the collector) is about as much again.
 */
export class MemoryBudget {
  /** For all holders together, and for each of them: none may take everything from the others. */
  readonly bytesMax: number
  readonly holderBytesMax: number
  readonly #bytes: Record<Holder, number> = { bodies: 0, answers: 0, streams: 0 }
  /** How many hold the same bytes. */
  readonly #shared = new Map<Uint8Array, number>()
  readonly #refusals: Record<Holder, number> = { bodies: 0, answers: 0, streams: 0 }

  constructor(bytesMax: number, holderBytesMax: number) {
    this.bytesMax = bytesMax
    this.holderBytesMax = holderBytesMax
  }

  /**
   * Acquires bytes of the budget, if that many are free; `release` returns them.
   *
   * @returns whether they were taken; a refusal is counted
   */
  acquire(holder: Holder, bytes: number): boolean {
    if (!this.hasRoom(holder, bytes)) return false
    this.#bytes[holder] += bytes
    return true
  }

  /** Whether that many bytes are free now; if not, a refusal is counted. */
  hasRoom(holder: Holder, bytes: number): boolean {
    const { bodies, answers, streams } = this.#bytes
    const hasRoom =
      this.#bytes[holder] + bytes <= this.holderBytesMax && bodies + answers + streams + bytes <= this.bytesMax
    if (!hasRoom) this.#refusals[holder] += 1
    return hasRoom
  }

  release(holder: Holder, bytes: number): void {
    this.#bytes[holder] -= bytes
  }

  /** The same for bytes that several hold together, such as an event on its way to many: they count once. */
  acquireShared(holder: Holder, bytes: Uint8Array): boolean {
    const held = this.#shared.get(bytes) ?? 0
    if (held === 0 && !this.acquire(holder, bytes.byteLength)) return false
    this.#shared.set(bytes, held + 1)
    return true
  }

  releaseShared(holder: Holder, bytes: Uint8Array): void {
    const held = this.#shared.get(bytes) ?? 0
    if (held > 1) this.#shared.set(bytes, held - 1)
    else if (this.#shared.delete(bytes)) this.release(holder, bytes.byteLength)
  }

  bytesOf(holder: Holder): number {
    return this.#bytes[holder]
  }

  refusalsOf(holder: Holder): number {
    return this.#refusals[holder]
  }
}

const mebibyte = 1024 * 1024

/** The budget of the process, which has one memory: with the engine and caches it stays below 350 MB. */
export const memoryBudget = new MemoryBudget(64 * mebibyte, 32 * mebibyte)

/** Makes the budget visible to a scrape. */
export function recordMemoryBudget(registry: Registry, budget: MemoryBudget = memoryBudget): void {
  new Gauge({
    name: 'memory_budget_used_bytes',
    help: 'Memory held for callers: bodies that are not complete, answers that wait for their receiver, open streams',
    labelNames: ['holder'],
    registers: [registry],
    collect() {
      for (const holder of holders) this.set({ holder }, budget.bytesOf(holder))
    },
  })
  new Gauge({
    name: 'memory_budget_limit_bytes',
    help: 'The most memory that is held for callers, all together',
    registers: [registry],
    collect() {
      this.set(budget.bytesMax)
    },
  })
  new Counter({
    name: 'memory_budget_refusals_total',
    help: 'Bodies, answers and streams that were refused, or cut off, since the budget was used up',
    labelNames: ['holder'],
    registers: [registry],
    collect() {
      this.reset()
      for (const holder of holders) this.inc({ holder }, budget.refusalsOf(holder))
    },
  })
}
