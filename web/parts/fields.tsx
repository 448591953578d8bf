import type { Signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import { localTime, timeOf } from '../platform/time.ts'
import { textOf } from './form-dialog.tsx'

const textCharactersMax = 300

type TextProps = {
  label: string
  name: string
  value?: string | undefined
  isRequired?: boolean
  charactersMax?: number
  /** A regular expression, as HTML takes it. */
  pattern?: string
  /** Says below the field what it takes. */
  hint?: ComponentChildren
  onInput?: (text: string) => void
}

/** Asks for a text of one line. A required one is not blank. */
export function TextField({ label, name, value = '', isRequired = false, hint, onInput, ...limits }: TextProps) {
  const hintId = useId()
  const { charactersMax = textCharactersMax, pattern = isRequired ? '.*\\S.*' : undefined } = limits
  return (
    <div class="field">
      <label class="field">
        {label}
        <input
          name={name}
          required={isRequired}
          maxLength={charactersMax}
          pattern={pattern}
          defaultValue={value}
          autocomplete="off"
          aria-describedby={hint === undefined ? undefined : hintId}
          onInput={event => onInput?.(event.currentTarget.value)}
        />
      </label>
      {hint !== undefined && <p id={hintId}>{hint}</p>}
    </div>
  )
}

type NumberProps = {
  label: string
  name: string
  value?: number | null | undefined
  isRequired?: boolean
  least?: number
  most?: number
}

/** Asks for a whole number. */
export function NumberField({ label, name, value, isRequired = false, least = 1, most }: NumberProps) {
  return (
    <label class="field">
      {label}
      <input
        name={name}
        type="number"
        step={1}
        min={least}
        max={most ?? Number.MAX_SAFE_INTEGER}
        required={isRequired}
        defaultValue={value == null ? '' : String(value)}
        autocomplete="off"
      />
    </label>
  )
}

/** The number of a field; null for an empty one. */
export function numberOf(form: FormData, name: string): number | null {
  const text = textOf(form, name)
  return text === '' ? null : Number(text)
}

/** Asks for a time, in the reader's zone. */
export function TimeField({ label, name, at }: { label: string; name: string; at: string | null }) {
  return (
    <label class="field">
      {label}
      <input type="datetime-local" name={name} step={1} defaultValue={at === null ? '' : localTime(at)} />
    </label>
  )
}

/** The time of a field, which has no milliseconds: a time that was not changed stays as it was; null for an empty field. */
export function timeIn(form: FormData, name: string, before: string | null): string | null {
  const time = timeOf(textOf(form, name)) ?? null
  return before !== null && time === timeOf(localTime(before)) ? before : time
}

type ChoiceProps = { label: string; isChosen: Signal<boolean> }

/** Asks yes or no. */
export function Choice({ label, isChosen }: ChoiceProps) {
  return (
    <label class="choice">
      <input
        type="checkbox"
        checked={isChosen.value}
        onChange={event => {
          isChosen.value = event.currentTarget.checked
        }}
      />
      {label}
    </label>
  )
}
