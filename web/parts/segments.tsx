import type { ComponentChildren } from 'preact'

type Props<Name extends string> = {
  /** What is chosen here, for screen readers. */
  legend: string
  /** The name of the radio buttons, unique on the page. */
  name: string
  options: readonly Name[]
  chosen: Name
  choose: (option: Name) => void
  label: (option: Name) => ComponentChildren
}

/** A choice of one among few, all visible. */
export function Segments<Name extends string>({ legend, name, options, chosen, choose, label }: Props<Name>) {
  return (
    <fieldset class="segments">
      <legend class="hidden">{legend}</legend>
      {options.map(option => (
        <label key={option}>
          <input type="radio" name={name} checked={chosen === option} onChange={() => choose(option)} />
          <span>{label(option)}</span>
        </label>
      ))}
    </fieldset>
  )
}
