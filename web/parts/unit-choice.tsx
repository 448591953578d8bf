import type { Signal } from '@preact/signals'

type Props = {
  legend: string
  /** The units to choose from, by their lines. */
  units: readonly { line: number; rid: string; name: string }[]
  chosen: Signal<ReadonlySet<number>>
}

/** A choice of units of an order. */
export function UnitChoice({ legend, units, chosen }: Props) {
  const toggle = (line: number) => {
    const lines = new Set(chosen.value)
    if (!lines.delete(line)) lines.add(line)
    chosen.value = lines
  }
  return (
    <fieldset class="units-field">
      <legend>{legend}</legend>
      {units.map(({ line, rid, name }) => (
        <label key={line} class="choice">
          <input type="checkbox" checked={chosen.value.has(line)} onChange={() => toggle(line)} />
          <span>
            {name} <span class="faint">{rid}</span>
          </span>
        </label>
      ))}
    </fieldset>
  )
}
