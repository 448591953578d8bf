import { Segments } from '../parts/segments.tsx'
import { commonTexts } from '../parts/texts.ts'
import { count } from '../platform/money.ts'
import { countOf, type DeadLetterCount, type DeadLetterFilter, states } from './dead-letter.ts'
import { texts } from './texts.ts'

type Props = {
  filter: DeadLetterFilter
  counts: readonly DeadLetterCount[]
  change: (to: Partial<DeadLetterFilter>) => void
}

/** The filters of the list, each with its count. */
export function DeadLetterFilters(props: Props) {
  const { filter, counts, change } = props
  return (
    <section class="filters" aria-label={commonTexts.filters}>
      <div class="filter-row">
        <Segments
          legend={texts.state}
          name="state"
          options={[...states, 'all']}
          chosen={filter.state}
          choose={state => change({ state })}
          label={state => (
            <>
              {texts.states[state]} <small>{count(countOf(counts, { ...filter, state }))}</small>
            </>
          )}
        />
        <TopicChoice {...props} />
      </div>
      <CodeChips {...props} />
    </section>
  )
}

/** Shows nothing when all dead letters are of one topic. */
function TopicChoice({ filter, counts, change }: Props) {
  const topics = [...new Set(counts.map(({ topic }) => topic))]
  if (topics.length <= 1) return null
  return (
    <select
      class="fitting"
      aria-label={texts.topic}
      value={filter.topic}
      onChange={event => change({ topic: event.currentTarget.value })}
    >
      <option value="">{texts.anyTopic}</option>
      {topics.map(topic => (
        <option key={topic} value={topic}>
          {topic}
        </option>
      ))}
    </select>
  )
}

/** The error codes that match the other filters, and the chosen one. */
function CodeChips({ filter, counts, change }: Props) {
  const codes = [...new Set([...counts.map(({ code }) => code), filter.code])]
    .filter(code => code !== '')
    .map(code => ({ code, matches: countOf(counts, { ...filter, code }) }))
    .filter(({ code, matches }) => matches > 0 || code === filter.code)
  if (codes.length === 0) return null
  return (
    <fieldset class="chips">
      <legend class="hidden">{texts.codes}</legend>
      {codes.map(({ code, matches }) => (
        <label key={code} class="chip">
          <input
            type="checkbox"
            checked={filter.code === code}
            onChange={() => change({ code: filter.code === code ? '' : code })}
          />
          <span>
            {code} <small>{count(matches)}</small>
          </span>
        </label>
      ))}
    </fieldset>
  )
}
