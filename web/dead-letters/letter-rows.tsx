import { Time } from '../parts/time.tsx'
import { deadLetterAddress } from '../routes.ts'
import { letterTexts as words } from '../texts/dead-letters.ts'
import { type ListedLetter, tones } from './letter.ts'

type Props = {
  letters: readonly ListedLetter[]
  selected: ReadonlySet<string>
  select: (ids: Iterable<string>) => void
}

/** A list of dead letters: what is wrong with each, where it came from, and when. Those that are open can be selected. */
export function LetterRows({ letters, selected, select }: Props) {
  const open = letters.filter(({ state }) => state === 'open').map(({ id }) => id)
  const isAllSelected = open.length > 0 && open.every(id => selected.has(id))
  const toggle = (id: string) =>
    select(selected.has(id) ? [...selected].filter(other => other !== id) : [...selected, id])
  return (
    <table class="rows letters">
      <thead>
        <tr>
          <th scope="col" class="pick">
            {open.length > 0 && (
              <input
                type="checkbox"
                aria-label={words.selectAll}
                checked={isAllSelected}
                onChange={() => select(isAllSelected ? [] : open)}
              />
            )}
          </th>
          <th scope="col">{words.columns.letter}</th>
          <th scope="col" class="origin">
            {words.columns.origin}
          </th>
          <th scope="col" class="when">
            {words.columns.when}
          </th>
        </tr>
      </thead>
      <tbody>
        {letters.map(letter => (
          <Row key={letter.id} letter={letter} isSelected={selected.has(letter.id)} toggle={() => toggle(letter.id)} />
        ))}
      </tbody>
    </table>
  )
}

function Row({ letter, isSelected, toggle }: { letter: ListedLetter; isSelected: boolean; toggle: () => void }) {
  const { id, state, code, topic, partition, offset, recorded_at: recordedAt } = letter
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'x' || state !== 'open') return
    event.preventDefault()
    toggle()
  }
  return (
    <tr class={isSelected ? 'selected' : ''}>
      <td class="pick">
        {state === 'open' && (
          <input type="checkbox" aria-label={words.select(id)} checked={isSelected} onChange={toggle} />
        )}
      </td>
      <td class="what">
        <a href={deadLetterAddress(id)} data-row onKeyDown={onKey}>
          <span class="faint">{id}</span> <span class="code">{code}</span>
        </a>
        {state !== 'open' && <span class={`tag tone-${tones[state]}`}>{words.states[state]}</span>}
        <Wrong letter={letter} />
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

/** The first thing that is wrong; for one that was dealt with, what became of it. */
function Wrong({ letter: { state, detail, violations, last_attempt: last } }: { letter: ListedLetter }) {
  const [first, ...others] = violations
  if (state !== 'open' && last !== null) {
    return (
      <p class="wrong">
        {words.outcomes[last.outcome]} <span class="faint">{words.by(last.actor)}</span>
        {last.reason !== '' && ` · ${last.reason}`}
      </p>
    )
  }
  if (first === undefined) return <p class="wrong">{detail}</p>
  return (
    <p class="wrong">
      <code>{first.pointer || '/'}</code> {first.detail}
      {others.length > 0 && <span class="faint"> {words.furtherViolations(others.length)}</span>}
    </p>
  )
}
