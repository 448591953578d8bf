import { computed, signal } from '@preact/signals'
import { ask, type Violation } from '../platform/api.ts'
import type { DeadLetterDetail, Result } from './dead-letter.ts'
import { formatted, markViolations, syntaxErrorOf } from './json-positions.ts'

/** A dead letter, its message while it is edited, and its violations. */
export class DeadLetterModel {
  readonly id: string
  readonly deadLetter = signal<DeadLetterDetail | undefined>(undefined)
  readonly failure = signal<unknown>(undefined)
  /** The original message, formatted; undefined where it is not text. */
  readonly original = signal<string | undefined>(undefined)
  /** The current message; undefined where it is not text and no new value was written. */
  readonly text = signal<string | undefined>(undefined)
  readonly #violations = signal<readonly Violation[]>([])
  /** The version of the text that the violations belong to. */
  readonly #checked = signal<string | undefined>(undefined)

  readonly isEdited = computed(() => this.text.value !== this.original.value)
  /** Whether the current text has been validated. */
  readonly isChecked = computed(() => this.text.value === this.#checked.value)
  readonly marks = computed(() => markViolations(this.text.value ?? '', this.#violations.value))
  readonly syntaxError = computed(() => (this.text.value === undefined ? undefined : syntaxErrorOf(this.text.value)))

  constructor(id: string) {
    this.id = id
  }

  async load(): Promise<void> {
    try {
      const deadLetter = await ask<DeadLetterDetail>(this.#address)
      const original = deadLetter.text === null ? undefined : formatted(deadLetter.text)
      this.original.value = original
      this.text.value = original
      this.#checked.value = original
      this.#violations.value = deadLetter.violations_now
      this.deadLetter.value = deadLetter
      this.failure.value = undefined
    } catch (error) {
      this.failure.value = error
    }
  }

  edit(text: string): void {
    this.text.value = text
  }

  /** Restores the original message with its violations. */
  reset(): void {
    this.text.value = this.original.peek()
    this.#checked.value = this.original.peek()
    this.#violations.value = this.deadLetter.peek()?.violations_now ?? []
  }

  /**
   * Replays the message, edited if it was.
   *
   * @throws Refusal; its violations are then marked in the edited text
   */
  async replay(reason: string): Promise<Result> {
    const text = this.text.peek()
    const body = { reason, actor: 'web', ...(this.isEdited.peek() ? { text } : {}) }
    return this.#resolve('replay', body)
  }

  async discard(reason: string): Promise<Result> {
    return this.#resolve('discard', { reason, actor: 'web' })
  }

  /** Marks the violations of a rejected version, and shows the attempt. */
  async mark(violations: readonly Violation[]): Promise<void> {
    this.#violations.value = violations
    this.#checked.value = this.text.peek()
    this.deadLetter.value = await ask<DeadLetterDetail>(this.#address).catch(() => this.deadLetter.peek())
  }

  get #address(): string {
    return `/api/dead-letters/${encodeURIComponent(this.id)}`
  }

  #resolve(what: 'replay' | 'discard', body: object): Promise<Result> {
    return ask<Result>(`${this.#address}/${what}`, { method: 'POST', body })
  }
}
