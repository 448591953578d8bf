import type { TargetedSubmitEvent } from 'preact'
import { textOf } from './form-dialog.tsx'

/** As many characters as an id has at most. */
const idCharactersMax = 64

type Props = {
  label: string
  value: string
  charactersMax?: number
  /** Is given the text without blanks around it. */
  find: (text: string) => unknown
}

/** A field above a list that is searched by what was entered once Enter is pressed. */
export function ListSearch({ label, value, charactersMax = idCharactersMax, find }: Props) {
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    void find(textOf(new FormData(event.currentTarget), 'text'))
  }
  return (
    <form class="list-search" onSubmit={submit}>
      <input
        // A search that is cleared elsewhere clears the field.
        key={value}
        type="search"
        name="text"
        aria-label={label}
        placeholder={label}
        maxLength={charactersMax}
        defaultValue={value}
        autocomplete="off"
        spellcheck={false}
      />
    </form>
  )
}

/** A field beside it that narrows the list by one more text. */
export function FilterField({ label, value, charactersMax = idCharactersMax, find }: Props) {
  return (
    <input
      type="search"
      class="fitting"
      aria-label={label}
      placeholder={label}
      maxLength={charactersMax}
      value={value}
      onChange={event => find(event.currentTarget.value.trim())}
    />
  )
}
