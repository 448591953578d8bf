import { useCallback, useEffect, useMemo } from 'preact/hooks'
import { usePolling } from '../parts/polling.ts'
import { Failure, Skeleton } from '../parts/states.tsx'
import { Time } from '../parts/time.tsx'
import { type Checkpoint, parcelsOf, trackingTone } from './shipment.ts'
import { readCheckpoints } from './shipment-model.ts'
import { texts } from './texts.ts'

const words = texts.checkpoints

/** What carriers have said of a shipment's parcels, a timeline for each tracking number. */
export function Checkpoints({ id, everyMs }: { id: string; everyMs: number }) {
  const model = useMemo(() => readCheckpoints(id), [id])
  const load = useCallback(() => model.load(), [model])
  useEffect(() => void load(), [load])
  usePolling(load, everyMs)
  const page = model.value.value
  const failure = model.failure.value
  return (
    <section class="card stack" aria-labelledby="checkpoints-title">
      <h2 id="checkpoints-title">{words.title}</h2>
      {failure !== undefined && <Failure error={failure} retry={() => void load()} />}
      {page === undefined && failure === undefined && <Skeleton lines={3} />}
      {page?.checkpoints.length === 0 && <p class="faint">{words.none}</p>}
      {page !== undefined &&
        parcelsOf(page.checkpoints).map(({ number, carrier, checkpoints }) => (
          <div key={`${number} ${carrier}`} class="stack">
            <h3>{[number, carrier].filter(Boolean).join(' · ')}</h3>
            <ol class="checkpoints">
              {checkpoints.map(checkpoint => (
                <li key={checkpoint.id} class={checkpoint.ignored === null ? undefined : 'ignored'}>
                  <Entry checkpoint={checkpoint} />
                </li>
              ))}
            </ol>
          </div>
        ))}
      {page?.hasMore === true && <p class="faint">{words.more}</p>}
    </section>
  )
}

function Entry({ checkpoint }: { checkpoint: Checkpoint }) {
  const { status, reason, code, place, text, zone, ignored } = checkpoint
  return (
    <>
      <p class="tags">
        <span class={`tag tone-${trackingTone(status)}`}>{texts.tracking(status)}</span>
        {reason !== null && <span>{texts.tracking(reason)}</span>}
        {ignored !== null && <span class="tag tone-attention">{words.ignored[ignored]}</span>}
      </p>
      {text !== null && <p class="reason">{text}</p>}
      <p class="faint">
        {[words.at(checkpoint.occurred_local), words.zones[zone], place, words.code(code)].filter(Boolean).join(' · ')}
      </p>
      <p class="faint">
        {words.received} <Time at={checkpoint.received_at} />
      </p>
    </>
  )
}
