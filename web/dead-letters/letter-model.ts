import { computed, signal } from '@preact/signals'
import { ask, type Violation } from '../platform/api.ts'
import type { Result, WholeLetter } from './letter.ts'
import { formatted, markViolations, syntaxErrorOf } from './places.ts'

/** A dead letter, its message as it is being edited, and what is wrong with it. */
export class LetterModel {
  readonly id: string
  readonly letter = signal<WholeLetter | undefined>(undefined)
  readonly failure = signal<unknown>(undefined)
  /** The message as it came, laid out to be read; undefined where it is no text. */
  readonly original = signal<string | undefined>(undefined)
  /** The message as it is now; undefined where it is no text and nobody has written it anew. */
  readonly text = signal<string | undefined>(undefined)
  readonly #violations = signal<readonly Violation[]>([])
  /** The edition that the violations are of. */
  readonly #checked = signal<string | undefined>(undefined)

  readonly isEdited = computed(() => this.text.value !== this.original.value)
  /** Whether the rules were asked about the text as it is now. */
  readonly isChecked = computed(() => this.text.value === this.#checked.value)
  readonly marks = computed(() => markViolations(this.text.value ?? '', this.#violations.value))
  readonly syntaxError = computed(() => (this.text.value === undefined ? undefined : syntaxErrorOf(this.text.value)))

  constructor(id: string) {
    this.id = id
  }

  async load(): Promise<void> {
    try {
      const letter = await ask<WholeLetter>(this.#address)
      const original = letter.text === null ? undefined : formatted(letter.text)
      this.original.value = original
      this.text.value = original
      this.#checked.value = original
      this.#violations.value = letter.violations_now
      this.letter.value = letter
      this.failure.value = undefined
    } catch (error) {
      this.failure.value = error
    }
  }

  edit(text: string): void {
    this.text.value = text
  }

  /** Brings the message back as it came, with what is wrong with it. */
  reset(): void {
    this.text.value = this.original.peek()
    this.#checked.value = this.original.peek()
    this.#violations.value = this.letter.peek()?.violations_now ?? []
  }

  /**
   * Has the message taken in, edited if it was.
   *
   * @throws Refusal; what the service says is wrong with an edition is then marked in it
   */
  async replay(reason: string): Promise<Result> {
    const text = this.text.peek()
    const body = { reason, actor: 'web', ...(this.isEdited.peek() ? { text } : {}) }
    return this.#deal('replay', body)
  }

  async discard(reason: string): Promise<Result> {
    return this.#deal('discard', { reason, actor: 'web' })
  }

  /** Marks what a refused edition breaks, and shows the attempt. */
  async mark(violations: readonly Violation[]): Promise<void> {
    this.#violations.value = violations
    this.#checked.value = this.text.peek()
    this.letter.value = await ask<WholeLetter>(this.#address).catch(() => this.letter.peek())
  }

  get #address(): string {
    return `/api/dead-letters/${encodeURIComponent(this.id)}`
  }

  #deal(what: 'replay' | 'discard', body: object): Promise<Result> {
    return ask<Result>(`${this.#address}/${what}`, { method: 'POST', body })
  }
}
