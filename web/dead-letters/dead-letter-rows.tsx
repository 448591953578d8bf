import { Time } from '../parts/time.tsx'
import { deadLetterAddress } from './addresses.ts'
import { type ListedDeadLetter, tones } from './dead-letter.ts'
import { texts } from './texts.ts'

type Props = {
  deadLetters: readonly ListedDeadLetter[]
  selected: ReadonlySet<string>
  select: (ids: Iterable<string>) => void
}

/** A list of dead letters with error, source and time. Open ones can be selected. */
export function DeadLetterRows({ deadLetters, selected, select }: Props) {
  const open = deadLetters.filter(({ state }) => state === 'open').map(({ id }) => id)
  const isAllSelected = open.length > 0 && open.every(id => selected.has(id))
  const toggle = (id: string) =>
    select(selected.has(id) ? [...selected].filter(other => other !== id) : [...selected, id])
  return (
    <table class="rows dead-letters">
      <thead>
        <tr>
          <th scope="col" class="pick">
            {open.length > 0 && (
              <input
                type="checkbox"
                aria-label={texts.selectAll}
                checked={isAllSelected}
                onChange={() => select(isAllSelected ? [] : open)}
              />
            )}
          </th>
          <th scope="col">{texts.columns.error}</th>
          <th scope="col" class="origin">
            {texts.columns.origin}
          </th>
          <th scope="col" class="when">
            {texts.columns.when}
          </th>
        </tr>
      </thead>
      <tbody>
        {deadLetters.map(deadLetter => (
          <Row
            key={deadLetter.id}
            deadLetter={deadLetter}
            isSelected={selected.has(deadLetter.id)}
            toggle={() => toggle(deadLetter.id)}
          />
        ))}
      </tbody>
    </table>
  )
}

function Row({
  deadLetter,
  isSelected,
  toggle,
}: {
  deadLetter: ListedDeadLetter
  isSelected: boolean
  toggle: () => void
}) {
  const { id, state, code, topic, partition, offset, recorded_at: recordedAt } = deadLetter
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'x' || state !== 'open') return
    event.preventDefault()
    toggle()
  }
  return (
    <tr class={isSelected ? 'selected' : ''}>
      <td class="pick">
        {state === 'open' && (
          <input type="checkbox" aria-label={texts.select(id)} checked={isSelected} onChange={toggle} />
        )}
      </td>
      <td class="what">
        <a href={deadLetterAddress(id)} data-row onKeyDown={onKey}>
          <span class="faint">{id}</span> <span class="code">{code}</span>
        </a>
        {state !== 'open' && <span class={`tag tone-${tones[state]}`}>{texts.states[state]}</span>}
        <Wrong deadLetter={deadLetter} />
      </td>
      <td class="origin">
        {topic}
        <span class="faint">{`${partition} / ${offset}`}</span>
      </td>
      <td class="when">
        <Time at={recordedAt} />
      </td>
    </tr>
  )
}

/** The first error; for a resolved dead letter, the outcome. */
function Wrong({ deadLetter: { state, detail, violations, last_attempt: last } }: { deadLetter: ListedDeadLetter }) {
  const [first, ...others] = violations
  if (state !== 'open' && last !== null) {
    return (
      <p class="wrong">
        {texts.outcomes[last.outcome]} <span class="faint">{texts.by(last.actor)}</span>
        {last.reason !== '' && ` · ${last.reason}`}
      </p>
    )
  }
  if (first === undefined) return <p class="wrong">{detail}</p>
  return (
    <p class="wrong">
      <code>{first.pointer || '/'}</code> {first.detail}
      {others.length > 0 && <span class="faint"> {texts.furtherViolations(others.length)}</span>}
    </p>
  )
}
