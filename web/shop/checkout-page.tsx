import { useSignal } from '@preact/signals'
import { useEffect, useId, useRef } from 'preact/hooks'
import { Skeleton } from '../parts/states.tsx'
import { countryName } from '../platform/country-name.ts'
import { shopAddress } from './address.ts'
import { AddressForm, isAddressed } from './address-form.tsx'
import { type Cart, cart as current, cartFailure, isCartRead, readCart } from './basket.ts'
import { DeliveryForm } from './delivery-form.tsx'
import { Nothing, Problem, Title } from './parts.tsx'
import { texts } from './texts.ts'
import { Totals } from './totals.tsx'

const words = texts.checkout

/** Where the cart goes, how, and the button that orders it. */
export function CheckoutPage() {
  useEffect(() => void readCart(), [])
  const cart = current.value
  return (
    <>
      <Title text={texts.pages.checkout} />
      {cartFailure.value !== undefined && <Problem error={cartFailure.value} retry={() => void readCart()} />}
      {cart !== undefined && cart.lines.length > 0 ? (
        <Steps cart={cart} />
      ) : (
        cartFailure.value === undefined &&
        (isCartRead.value ? <Nothing title={texts.cart.empty} /> : <Skeleton lines={4} />)
      )}
    </>
  )
}

function Steps({ cart }: { cart: Cart }) {
  const isEditing = useSignal(!isAddressed(cart))
  const [addressId, deliveryId, summaryId] = [useId(), useId(), useId()]
  const delivery = useRef<HTMLHeadingElement>(null)
  const wasEditing = useRef(isEditing.value)
  useEffect(() => {
    // With the address saved, the next step is what to read.
    if (wasEditing.current && !isEditing.value) delivery.current?.focus()
    wasEditing.current = isEditing.value
  }, [isEditing.value])
  const saved = () => {
    isEditing.value = false
  }
  return (
    <div class="beside">
      <div class="stack">
        <section class="card stack" aria-labelledby={addressId}>
          <h2 id={addressId}>{words.address}</h2>
          {isEditing.value ? (
            <AddressForm cart={cart} onSaved={saved} />
          ) : (
            <Address
              cart={cart}
              change={() => {
                isEditing.value = true
              }}
            />
          )}
        </section>
        {!isEditing.value && (
          <section class="card stack" aria-labelledby={deliveryId}>
            <h2 id={deliveryId} ref={delivery} tabIndex={-1}>
              {words.delivery}
            </h2>
            <DeliveryForm cart={cart} />
          </section>
        )}
      </div>
      <section class="card stack" aria-labelledby={summaryId}>
        <h2 id={summaryId}>{texts.cart.summary}</h2>
        <Totals cart={cart} />
        <a href={shopAddress('cart')}>{words.backToCart}</a>
      </section>
    </div>
  )
}

function Address({ cart: { delivery, email }, change }: { cart: Cart; change: () => void }) {
  if (delivery === null) return null
  const { name, address, zip, city, region, country, phone } = delivery
  const lines = [name, address, `${zip} ${city}`, region, countryName(country), phone, email]
  return (
    <>
      <address>
        {lines.map((line, index) => line !== undefined && line !== null && line !== '' && <p key={index}>{line}</p>)}
      </address>
      <p>
        <button type="button" class="second small" onClick={change}>
          {words.change}
        </button>
      </p>
    </>
  )
}
