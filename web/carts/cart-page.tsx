import { useMemo } from 'preact/hooks'
import { useRoute } from 'preact-iso'
import { orderAddress } from '../orders/addresses.ts'
import { useFreshModel } from '../parts/fresh.ts'
import { money } from '../platform/money.ts'
import { DetailPage } from '../shell/detail-page.tsx'
import { PageHead } from '../shell/page.tsx'
import { cartAddress, cartsAddress } from './addresses.ts'
import type { Cart } from './cart.ts'
import { CartFacts, Recipient } from './cart-facts.tsx'
import { CartLines, Totals } from './cart-lines.tsx'
import { readCart } from './cart-model.ts'
import { buyerOf, CartStateTags, Warnings } from './cart-parts.tsx'
import { texts } from './texts.ts'

const refreshEveryMs = 5_000

/** One cart: what is in it, what it comes to, whom it goes to, and what it became. */
export default function CartPage() {
  const { id = '' } = useRoute().params
  const model = useMemo(() => readCart(id), [id])
  useFreshModel(model, refreshEveryMs)
  const cart = model.value.value
  return (
    <DetailPage
      list={{ href: cartsAddress(), title: texts.title }}
      heading={<PageHead title={cart === undefined ? texts.cart : texts.cartOf(buyerOf(cart))} />}
      model={model}
      unknown={{ title: texts.unknown(id), hint: texts.unknownHint }}
    >
      {cart !== undefined && <Content cart={cart} />}
    </DetailPage>
  )
}

function Content({ cart }: { cart: Cart }) {
  return (
    <>
      <div class="summary-line">
        <span class="figure">{money(cart.total, cart.currency)}</span>
        <CartStateTags cart={cart} />
      </div>
      <div class="beside">
        <div class="stack">
          <Outcome cart={cart} />
          <Warnings cart={cart} />
          <section class="card stack" aria-labelledby="lines-title">
            <h2 id="lines-title">{texts.lines.title}</h2>
            {cart.lines.length === 0 ? <p class="faint">{texts.lines.none}</p> : <CartLines cart={cart} />}
            <Totals cart={cart} />
          </section>
        </div>
        <div class="stack">
          <Recipient cart={cart} />
          <CartFacts cart={cart} />
        </div>
      </div>
    </>
  )
}

/** The order that it became, or the cart that has its lines. Shows nothing for any other cart. */
function Outcome({ cart: { state, order_uid: uid, merged_into: into } }: { cart: Cart }) {
  const words = texts.outcome
  if (uid === null && into === null) return null
  return (
    <section class="card" aria-labelledby="outcome-title">
      <h2 id="outcome-title">{uid === null ? words.merged : words.order}</h2>
      <p>
        {uid !== null && <a href={orderAddress(uid)}>{uid}</a>}
        {uid === null && into !== null && <a href={cartAddress(into)}>{into}</a>}
      </p>
      {uid !== null && <p class="faint">{state === 'checking_out' ? words.undecided : words.pricesNow}</p>}
    </section>
  )
}
