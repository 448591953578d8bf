import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { recordedKinds } from '../../src/inventory/movement.ts'
import { orderAddress } from '../orders/addresses.ts'
import { MoreButton } from '../parts/more-button.tsx'
import { Segments } from '../parts/segments.tsx'
import { Empty, Failure, Skeleton } from '../parts/states.tsx'
import { Time } from '../parts/time.tsx'
import { count } from '../platform/money.ts'
import { PagedList } from '../platform/paged.ts'
import { type Movement, readMovements, type Stock } from './item.ts'
import { signed } from './item-parts.tsx'
import { texts } from './texts.ts'

const pageSize = 30
const words = texts.movements
const groups = ['all', 'people', 'orders'] as const
const kinds: Record<(typeof groups)[number], string> = {
  all: '',
  people: `&kind=${recordedKinds.join(',')}`,
  orders: '&kind=reserved,released,shipped',
}

/** What has changed the stock of an item, newest first. They are read again whenever the stock was. */
export function Movements({ stock }: { stock: Stock }) {
  const group = useSignal<(typeof groups)[number]>('all')
  const address = `/api/stock/${stock.chrt_id}/movements?limit=${pageSize}${kinds[group.value]}`
  const list = useMemo(() => new PagedList<Movement>(address, readMovements), [address])
  useEffect(() => void list.renew(), [list])
  useEffect(() => void list.refresh(), [list, stock])
  return (
    <section class="card stack movements" aria-labelledby="movements-title">
      <h2 id="movements-title">{words.title}</h2>
      <Segments
        legend={words.show}
        name="movement-group"
        options={groups}
        chosen={group.value}
        choose={chosen => {
          group.value = chosen
        }}
        label={option => words.groups[option]}
      />
      <Content list={list} isNarrowed={group.value !== 'all'} />
    </section>
  )
}

function Content({ list, isNarrowed }: { list: PagedList<Movement>; isNarrowed: boolean }) {
  const rows = list.rows.value
  const failure = list.failure.value
  return (
    <>
      {failure !== undefined && <Failure error={failure} retry={() => void list.renew()} />}
      {rows === undefined && failure === undefined && <Skeleton lines={4} />}
      {rows?.length === 0 && <Empty title={isNarrowed ? words.noMatch : words.none} />}
      {rows !== undefined && rows.length > 0 && (
        <>
          <ol class="movement-list" reversed>
            {rows.map(movement => (
              <Entry key={movement.id} movement={movement} />
            ))}
          </ol>
          <MoreButton list={list} label={texts.more} />
        </>
      )}
    </>
  )
}

function Entry({ movement }: { movement: Movement }) {
  const { kind, quantity, location, reason, actor, order_uid: uid, recorded_at: at } = movement
  const isSigned = kind === 'adjusted' || kind === 'transferred'
  const notes = [
    actor === '' ? '' : words.by(actor),
    movement.shipment_id === null ? '' : words.shipment(movement.shipment_id),
    movement.external_id === null ? '' : words.reference(movement.external_id),
  ].filter(Boolean)
  return (
    <li>
      <p class="movement-title">{words.titles[kind](isSigned ? signed(quantity) : count(quantity), location)}</p>
      {reason !== '' && <p class="reason">{reason}</p>}
      <p>{changesOf(movement)}</p>
      {uid !== null && (
        <p>
          <span class="faint">{words.order}</span> <a href={orderAddress(uid)}>{uid}</a>
        </p>
      )}
      <p class="faint">
        {notes.length > 0 && `${notes.join(' · ')} · `}
        <Time at={at} isAbsolute />
      </p>
    </li>
  )
}

/** Which numbers a movement has changed, and by how much. */
function changesOf(movement: Movement): string {
  const names = ['on_hand', 'reserved', 'unavailable'] as const
  return names
    .filter(name => movement[name] !== 0)
    .map(name => `${signed(movement[name])} ${words.changes[name]}`)
    .join(', ')
}
