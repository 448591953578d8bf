import { Segments } from '../parts/segments.tsx'
import { count } from '../platform/money.ts'
import { letterTexts as words } from '../texts/dead-letters.ts'
import { texts } from '../texts.ts'
import { countOf, type LetterCount, type LetterFilter, letterStates } from './letter.ts'

type Props = { filter: LetterFilter; counts: readonly LetterCount[]; change: (to: Partial<LetterFilter>) => void }

/** What the list is narrowed to, each with how many there are. */
export function LetterFilters({ filter, counts, change }: Props) {
  const topics = [...new Set(counts.map(({ topic }) => topic))]
  const codes = [...new Set([...counts.map(({ code }) => code), filter.code])]
    .filter(code => code !== '')
    .map(code => ({ code, letters: countOf(counts, { ...filter, code }) }))
    .filter(({ code, letters }) => letters > 0 || code === filter.code)
  return (
    <section class="filters" aria-label={texts.filters.label}>
      <div class="filter-row">
        <Segments
          legend={words.state}
          name="state"
          options={[...letterStates, 'all']}
          chosen={filter.state}
          choose={state => change({ state })}
          label={state => (
            <>
              {words.states[state]} <small>{count(countOf(counts, { ...filter, state }))}</small>
            </>
          )}
        />
        {topics.length > 1 && (
          <select
            class="fitting"
            aria-label={words.topic}
            value={filter.topic}
            onChange={event => change({ topic: event.currentTarget.value })}
          >
            <option value="">{words.anyTopic}</option>
            {topics.map(topic => (
              <option key={topic} value={topic}>
                {topic}
              </option>
            ))}
          </select>
        )}
      </div>
      {codes.length > 0 && (
        <fieldset class="chips">
          <legend class="hidden">{words.reasonsLegend}</legend>
          {codes.map(({ code, letters }) => (
            <label key={code} class="chip">
              <input
                type="checkbox"
                checked={filter.code === code}
                onChange={() => change({ code: filter.code === code ? '' : code })}
              />
              <span>
                {code} <small>{count(letters)}</small>
              </span>
            </label>
          ))}
        </fieldset>
      )}
    </section>
  )
}
