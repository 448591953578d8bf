type Props<State extends string> = {
  /** What is chosen here, for screen readers. */
  legend: string
  states: readonly State[]
  chosen: readonly string[]
  choose: (states: string[]) => void
  label: (state: State) => string
}

/** A choice of any number of states; none chosen means all. */
export function StateChips<State extends string>({ legend, states, chosen, choose, label }: Props<State>) {
  const toggle = (state: State) =>
    choose(chosen.includes(state) ? chosen.filter(other => other !== state) : [...chosen, state])
  return (
    <fieldset class="chips">
      <legend class="hidden">{legend}</legend>
      {states.map(state => (
        <label key={state} class="chip">
          <input type="checkbox" checked={chosen.includes(state)} onChange={() => toggle(state)} />
          <span>{label(state)}</span>
        </label>
      ))}
    </fieldset>
  )
}
