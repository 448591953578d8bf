import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { FilterField } from '../parts/search-fields.tsx'
import { Empty, Failure, Skeleton } from '../parts/states.tsx'
import { commonTexts } from '../parts/texts.ts'
import { eventTypes } from '../platform/event-types.ts'
import { count } from '../platform/money.ts'
import { PageHead } from '../shell/page.tsx'
import { eventsAddress } from './addresses.ts'
import { type EventFilter, readFilter, toParameters } from './event.ts'
import { EventRow } from './event-row.tsx'
import { EventsModel } from './events-model.ts'
import { texts } from './texts.ts'

/** The event log, live. */
export default function EventsPage() {
  const location = useLocation()
  const filter = readFilter(location.query)
  const query = new URLSearchParams(toParameters(filter)).toString()
  const model = useMemo(() => new EventsModel(query), [query])
  useEffect(() => {
    const stop = new AbortController()
    void model.run(stop.signal)
    return () => stop.abort()
  }, [model])
  const change = (to: Partial<EventFilter>) => location.route(eventsAddress(toParameters({ ...filter, ...to })), true)
  const isPaused = model.isPaused.value
  return (
    <>
      <PageHead title={texts.title}>
        <button type="button" class="second" aria-pressed={isPaused} onClick={() => model.pause(!isPaused)}>
          {isPaused ? texts.resume : texts.pause}
        </button>
      </PageHead>
      <Filters filter={filter} change={change} />
      <div class="newer" role="status">
        {model.waiting.value > 0 && (
          <button type="button" class="small" onClick={() => model.pause(false)}>
            {texts.waiting(count(model.waiting.value))}
          </button>
        )}
      </div>
      <Content model={model} isNarrowed={query !== ''} clear={() => change({ types: [], customer: '' })} />
    </>
  )
}

function Filters({ filter, change }: { filter: EventFilter; change: (to: Partial<EventFilter>) => void }) {
  const known = useSignal<readonly string[]>([])
  useEffect(() => {
    void eventTypes().then(types => {
      known.value = types
    })
  }, [known])
  const { types, customer } = filter
  const toggle = (type: string) =>
    change({ types: types.includes(type) ? types.filter(other => other !== type) : [...types, type] })
  return (
    <section class="filters event-filters" aria-label={commonTexts.filters}>
      <fieldset class="chips">
        <legend class="hidden">{texts.types}</legend>
        {known.value.map(type => (
          <label key={type} class="chip">
            <input type="checkbox" checked={types.includes(type)} onChange={() => toggle(type)} />
            <span>{type}</span>
          </label>
        ))}
      </fieldset>
      <FilterField
        label={texts.customer}
        value={customer}
        charactersMax={300}
        find={text => change({ customer: text })}
      />
    </section>
  )
}

function Content({ model, isNarrowed, clear }: { model: EventsModel; isNarrowed: boolean; clear: () => void }) {
  const events = model.events.value
  const failure = model.failure.value
  return (
    <>
      {failure !== undefined && <Failure error={failure} retry={() => void model.load()} />}
      {events === undefined && failure === undefined && (
        <div class="card">
          <Skeleton lines={10} />
        </div>
      )}
      {events?.length === 0 && (
        <Empty title={isNarrowed ? texts.noMatch : texts.none}>
          <p>{isNarrowed ? texts.noMatchHint : texts.noneHint}</p>
          {isNarrowed && (
            <button type="button" class="second" onClick={clear}>
              {commonTexts.clearFilters}
            </button>
          )}
        </Empty>
      )}
      {events !== undefined && events.length > 0 && (
        <ol class="log" aria-label={texts.list}>
          {events.map(event => (
            <EventRow key={event.id} event={event} />
          ))}
        </ol>
      )}
      {model.hasOlder.value && (
        <p class="table-foot">
          <button type="button" class="second" disabled={model.isLoading.value} onClick={() => void model.older()}>
            {events?.length === 0 ? texts.searchOlder : texts.older}
          </button>
        </p>
      )}
    </>
  )
}
