import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { Empty, Failure, Skeleton } from '../parts/states.tsx'
import { eventTypes } from '../platform/event-types.ts'
import { count } from '../platform/money.ts'
import { eventsAddress } from '../routes.ts'
import { PageHead } from '../shell/page.tsx'
import { eventTexts as words } from '../texts/events.ts'
import { texts } from '../texts.ts'
import { type EventFilter, readFilter, toParameters } from './event.ts'
import { EventRow } from './event-row.tsx'
import { EventsModel } from './events-model.ts'

/** Everything that happens, as it happens. */
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
      <PageHead title={texts.titles.events}>
        <button type="button" class="second" aria-pressed={isPaused} onClick={() => model.pause(!isPaused)}>
          {isPaused ? words.resume : words.pause}
        </button>
      </PageHead>
      <Filters filter={filter} change={change} />
      <div class="newer" role="status">
        {model.waiting.value > 0 && (
          <button type="button" class="small" onClick={() => model.pause(false)}>
            {words.waiting(count(model.waiting.value))}
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
    <section class="filters event-filters" aria-label={texts.filters.label}>
      <fieldset class="chips">
        <legend class="hidden">{words.types}</legend>
        {known.value.map(type => (
          <label key={type} class="chip">
            <input type="checkbox" checked={types.includes(type)} onChange={() => toggle(type)} />
            <span>{type}</span>
          </label>
        ))}
      </fieldset>
      <input
        type="search"
        class="fitting"
        aria-label={words.customer}
        placeholder={words.customer}
        maxLength={300}
        value={customer}
        onChange={event => change({ customer: event.currentTarget.value.trim() })}
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
        <Empty title={isNarrowed ? words.noMatch : words.none}>
          <p>{isNarrowed ? words.noMatchHint : words.noneHint}</p>
          {isNarrowed && (
            <button type="button" class="second" onClick={clear}>
              {words.clear}
            </button>
          )}
        </Empty>
      )}
      {events !== undefined && events.length > 0 && (
        <ol class="log" aria-label={words.list}>
          {events.map(event => (
            <EventRow key={event.id} event={event} />
          ))}
        </ol>
      )}
      {model.hasOlder.value && (
        <p class="table-foot">
          <button type="button" class="second" disabled={model.isLoading.value} onClick={() => void model.older()}>
            {events?.length === 0 ? words.searchOlder : words.older}
          </button>
        </p>
      )}
    </>
  )
}
