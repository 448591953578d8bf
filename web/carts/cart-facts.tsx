import type { ComponentChildren } from 'preact'
import { ordersAddress } from '../orders/addresses.ts'
import { Time } from '../parts/time.tsx'
import { countryName } from '../platform/country-name.ts'
import type { Cart } from './cart.ts'
import { texts } from './texts.ts'

/** Whom a cart goes to, as far as the customer has said. */
export function Recipient({ cart: { delivery, email } }: { cart: Cart }) {
  const { name, address, zip, city, region, country, phone } = delivery ?? {}
  const place = [zip, city].filter(Boolean).join(' ')
  const lines = [name, address, place, region, countryName(country), phone, delivery?.email ?? email]
  const given = lines.filter(Boolean)
  return (
    <section class="card" aria-labelledby="recipient-title">
      <h2 id="recipient-title">{texts.recipient.title}</h2>
      {given.length === 0 && <p class="faint">{texts.recipient.none}</p>}
      {given.length > 0 && (
        <address class="recipient">
          {given.map((line, index) => (
            <span key={index}>{line}</span>
          ))}
        </address>
      )}
    </section>
  )
}

/** The other fields of a cart. */
export function CartFacts({ cart }: { cart: Cart }) {
  return (
    <section class="card" aria-labelledby="facts-title">
      <h2 id="facts-title">{texts.facts.title}</h2>
      <dl class="pairs">
        {factsOf(cart).map(([label, value]) => [<dt key={label}>{label}</dt>, <dd key={`${label}-value`}>{value}</dd>])}
      </dl>
      {cart.metadata !== null && (
        <details>
          <summary>{texts.facts.metadata}</summary>
          <pre class="answer">{JSON.stringify(cart.metadata, undefined, 2)}</pre>
        </details>
      )}
    </section>
  )
}

/** What is said of a cart, each with its label; what is empty is left out. */
function factsOf(cart: Cart): (readonly [label: string, value: ComponentChildren])[] {
  const words = texts.facts
  const { customer_id: customer, abandoned_at: abandoned, expires_at: expires } = cart
  const time = (at: string | null) => (at === null ? '' : <Time at={at} isAbsolute />)
  const facts: (readonly [string, ComponentChildren])[] = [
    [words.id, cart.id],
    [
      words.customer,
      customer === null ? texts.guest : <a href={ordersAddress({ customer_id: customer })}>{customer}</a>,
    ],
    [words.email, cart.email ?? ''],
    [words.method, cart.delivery_method ?? ''],
    [words.codes, cart.discount_codes.join(', ')],
    [words.note, cart.note ?? ''],
    [words.created, time(cart.created_at)],
    [words.changed, time(cart.updated_at)],
    [words.abandoned, time(abandoned)],
    [words.expires, time(expires)],
  ]
  return facts.filter(([, value]) => value !== '')
}
