import { useSignal } from '@preact/signals'
import { useLocation } from 'preact-iso'
import { notify } from '../platform/notices.ts'
import { shipmentAddress, slipsAddress } from './addresses.ts'
import { BulkWork, type Refused } from './bulk-work.ts'
import { CsvDialog } from './csv-dialog.tsx'
import { texts } from './texts.ts'

const words = texts.bulk

type Props = {
  selected: ReadonlySet<string>
  select: (ids: Iterable<string>) => void
  /** Reads the list again. */
  renew: () => Promise<void>
}

/** What can be done with several shipments at once: those that are selected, or those that a file names. */
export function BulkBar({ selected, select, renew }: Props) {
  const work = useSignal<BulkWork | undefined>(undefined)
  const isAsked = useSignal(false)
  const run = async (action: 'pack' | 'ship') => {
    const bulk = new BulkWork()
    work.value = bulk
    await bulk.run([...selected].map(shipmentId => ({ shipmentId, action, body: {} })))
    const done = words.outcome(bulk.done.value, action === 'pack' ? words.packed : words.shipped)
    const refused = bulk.refused.value
    notify({ tone: refused.length === 0 ? 'good' : 'bad', text: done })
    select(refused.map(({ shipmentId }) => shipmentId))
    await renew()
  }
  const refused = work.value?.refused.value ?? []
  const tried = (work.value?.done.value ?? 0) + refused.length
  const isRunning = work.value !== undefined && tried < selected.size && refused.length < selected.size
  return (
    <section class="bulk-bar stack" aria-label={words.title}>
      <div class="buttons">
        {selected.size > 0 && (
          <>
            <span role="status">{isRunning ? words.running(tried, selected.size) : words.chosen(selected.size)}</span>
            <SelectedActions {...{ selected, select, isRunning }} run={action => void run(action)} />
          </>
        )}
        <button
          type="button"
          class="quiet"
          onClick={() => {
            isAsked.value = true
          }}
        >
          {texts.csv.button}
        </button>
      </div>
      <RefusedShipments of={refused} />
      {isAsked.value && (
        <CsvDialog
          close={() => {
            isAsked.value = false
            void renew()
          }}
        />
      )}
    </section>
  )
}

type ActionProps = Pick<Props, 'selected' | 'select'> & { isRunning: boolean; run: (action: 'pack' | 'ship') => void }

function SelectedActions({ selected, select, isRunning, run }: ActionProps) {
  const { route } = useLocation()
  return (
    <>
      <button type="button" class="quiet" onClick={() => select([])}>
        {words.clear}
      </button>
      <button type="button" class="second" onClick={() => route(slipsAddress([...selected]))}>
        {words.slips}
      </button>
      <button type="button" class="second" disabled={isRunning} onClick={() => run('pack')}>
        {words.pack}
      </button>
      <button type="button" disabled={isRunning} onClick={() => run('ship')}>
        {words.ship}
      </button>
    </>
  )
}

/** Shipments that the service refused to move, and why. */
export function RefusedShipments({ of }: { of: readonly Refused[] }) {
  if (of.length === 0) return null
  return (
    <ul class="refused" aria-label={words.refused(of.length)}>
      {of.map(({ shipmentId, detail }) => (
        <li key={shipmentId}>
          <a href={shipmentAddress(shipmentId)}>{shipmentId}</a> {detail}
        </li>
      ))}
    </ul>
  )
}
