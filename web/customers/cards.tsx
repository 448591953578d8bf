import type { ComponentChildren } from 'preact'
import { cartAddress, cartsAddress } from '../carts/addresses.ts'
import { shipmentAddress } from '../deliveries/addresses.ts'
import { orderAddress } from '../orders/addresses.ts'
import { Failure, Skeleton } from '../parts/states.tsx'
import { statusText } from '../parts/status.tsx'
import { Time } from '../parts/time.tsx'
import type { Latest } from '../platform/latest.ts'
import { money } from '../platform/money.ts'
import { paymentAddress } from '../payments/addresses.ts'
import { returnAddress } from '../returns/addresses.ts'
import { tones } from './customer.ts'
import { type CustomerModel, entriesMax, type Entries, type Parts } from './customer-model.ts'
import { texts } from './texts.ts'

/** The state of something as a tag. */
export function State({ value }: { value: string }) {
  return <span class={`tag tone-${tones[value] ?? 'plain'}`}>{statusText(value)}</span>
}

type CardProps<Shown, Entry extends { id: string }> = {
  /** Unique on the page. */
  name: string
  title: string
  none: string
  model: Latest<Shown>
  entriesOf: (shown: Shown) => Entries<Entry>
  children: (entry: Entry) => ComponentChildren
}

/** Entries that belong to a customer, or why there are none: they are being read, could not be read, or do not exist. */
function Card<Shown, Entry extends { id: string }>(props: CardProps<Shown, Entry>) {
  const { name, title, none, model, entriesOf, children } = props
  const shown = model.value.value
  const failure = model.failure.value
  const { entries, isCut } = shown === undefined ? { entries: undefined, isCut: false } : entriesOf(shown)
  return (
    <section class="card" aria-labelledby={`${name}-title`}>
      <h2 id={`${name}-title`}>{title}</h2>
      {failure !== undefined && <Failure error={failure} retry={() => void model.load()} />}
      {entries === undefined && failure === undefined && <Skeleton lines={2} />}
      {entries?.length === 0 && <p class="faint">{none}</p>}
      {entries !== undefined && entries.length > 0 && (
        <ul class="card-entries">
          {entries.map(entry => (
            <li key={entry.id}>{children(entry)}</li>
          ))}
        </ul>
      )}
      {isCut && <p class="faint under">{texts.cut(entriesMax)}</p>}
    </section>
  )
}

type EntryProps = { href: string; title: string; state: string; at: string; orderUid: string; amount?: string }

/** Something of an order: a link to it, its state, and a link to the order. */
function Entry({ href, title, state, at, orderUid, amount }: EntryProps) {
  return (
    <>
      <div class="entry-head">
        <a href={href}>{title}</a>
        <State value={state} />
        {amount !== undefined && <span class="amount">{amount}</span>}
      </div>
      <p class="faint">
        <a href={orderAddress(orderUid)}>{orderUid}</a> · <Time at={at} />
      </p>
    </>
  )
}

type PartProps = { model: CustomerModel }

export function Shipments({ model: { parts } }: PartProps) {
  const { title, none } = texts.shipments
  return (
    <Card name="shipments" {...{ title, none }} model={parts} entriesOf={({ shipments }: Parts) => shipments}>
      {({ id, state, carrier, order_uid: orderUid, updated_at: at }) => (
        <Entry {...{ state, at, orderUid }} href={shipmentAddress(id)} title={carrier ?? id} />
      )}
    </Card>
  )
}

export function Returns({ model: { parts } }: PartProps) {
  const { title, none, units } = texts.returns
  return (
    <Card name="returns" {...{ title, none }} model={parts} entriesOf={({ returns }: Parts) => returns}>
      {({ id, state, rids, order_uid: orderUid, updated_at: at }) => (
        <Entry {...{ state, at, orderUid }} href={returnAddress(id)} title={units(rids.length)} />
      )}
    </Card>
  )
}

export function Payments({ model: { parts } }: PartProps) {
  const { title, none } = texts.payments
  return (
    <Card name="payments" {...{ title, none }} model={parts} entriesOf={({ payments }: Parts) => payments}>
      {({ id, state, provider, amount, currency, order_uid: orderUid, created_at: at }) => (
        <Entry
          {...{ state, at, orderUid }}
          href={paymentAddress(id)}
          title={provider}
          amount={money(amount, currency)}
        />
      )}
    </Card>
  )
}

/** Carts that are not checked out. Shows nothing to a key without a scope for them. */
export function Carts({ model: { id: customerId, carts } }: PartProps) {
  const { title, none, units } = texts.carts
  if (carts.value.value === 'not allowed') return null
  const nothing = { entries: [], isCut: false }
  return (
    <Card
      name="carts"
      {...{ title, none }}
      model={carts}
      entriesOf={shown => (shown === 'not allowed' ? nothing : shown)}
    >
      {cart => (
        <div class="entry-head">
          <a href={cartAddress(cart.id)}>{units(cart.units)}</a>
          <State value={cart.state} />
          <a class="faint" href={cartsAddress({ customer_id: customerId })}>
            {texts.carts.all}
          </a>
          <span class="faint">
            <Time at={cart.updated_at} />
          </span>
        </div>
      )}
    </Card>
  )
}

/** When recipients were corrected, why, and by whom. */
export function Corrections({ model: { corrections } }: PartProps) {
  const { title, none, by } = texts.corrections
  return (
    <Card name="corrections" {...{ title, none }} model={corrections} entriesOf={shown => shown}>
      {({ order_uid: orderUid = '', time, data: { reason, actor } }) => (
        <>
          <div class="entry-head">
            <a href={orderAddress(orderUid)}>{orderUid}</a>
            <span class="faint">
              <Time at={time} />
            </span>
          </div>
          <p>
            {typeof reason === 'string' && reason !== '' && <span class="reason">{reason}</span>}{' '}
            {typeof actor === 'string' && actor !== '' && <span class="faint">{by(actor)}</span>}
          </p>
        </>
      )}
    </Card>
  )
}
