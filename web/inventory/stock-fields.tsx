import type { Signal } from '@preact/signals'
import type { Location } from './item.ts'

type LocationProps = { label: string; name: string; locations: readonly Location[]; chosen: Signal<string> }

/** Asks for a location. */
export function LocationField({ label, name, locations, chosen }: LocationProps) {
  return (
    <label class="field">
      {label}
      <select
        name={name}
        value={chosen.value}
        onChange={event => {
          chosen.value = event.currentTarget.value
        }}
      >
        {locations.map(({ location, name: title }) => (
          <option key={location} value={location}>
            {title === location ? location : `${title} (${location})`}
          </option>
        ))}
      </select>
    </label>
  )
}

type UnitsProps = { label: string; text: Signal<string>; isSigned?: boolean; describedBy: string }

/** Asks for a number of units. */
export function UnitsField({ label, text, isSigned = false, describedBy }: UnitsProps) {
  return (
    <label class="field">
      {label}
      <input
        name="units"
        // A number pad of a phone has no minus.
        inputMode={isSigned ? 'text' : 'numeric'}
        autocomplete="off"
        required
        maxLength={12}
        value={text.value}
        aria-describedby={describedBy}
        onInput={event => {
          text.value = event.currentTarget.value
        }}
      />
    </label>
  )
}
