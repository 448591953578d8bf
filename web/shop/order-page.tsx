import { useSignal } from '@preact/signals'
import { useCallback, useEffect } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { usePolling } from '../parts/polling.ts'
import { Skeleton } from '../parts/states.tsx'
import { shopAddress, webAddress } from './address.ts'
import { ask } from './api.ts'
import { type Ordered, payAgain, toPayer } from './checkout.ts'
import { kept, type Opened } from './kept.ts'
import { CancelOrder, TrackingPageLink } from './order-actions.tsx'
import { OrderDetails } from './order-details.tsx'
import { stageOf, stepsOf } from './order-stage.ts'
import { Nothing, Problem, Title } from './parts.tsx'
import { texts } from './texts.ts'

const words = texts.order
const everyMs = 2_000

/** An order of this browser, as it is now: the one that the address names, or the newest. */
export function OrderPage() {
  const { query } = useLocation()
  const { orders } = kept.value
  const opened = orders.find(({ id }) => id === query.cart) ?? orders[0]
  const others = orders.filter(({ id }) => id !== opened?.id)
  return (
    <>
      <Title text={texts.pages.order} />
      {opened === undefined ? <Nothing title={words.none} /> : <Order key={opened.id} opened={opened} />}
      {others.length > 0 && (
        <nav class="others" aria-label={words.others}>
          <h2>{words.others}</h2>
          <ul>
            {others.map(({ id }) => (
              <li key={id}>
                <a href={shopAddress('order', { cart: id })}>{id}</a>
              </li>
            ))}
          </ul>
        </nav>
      )}
    </>
  )
}

function Order({ opened }: { opened: Opened }) {
  const ordered = useSignal<Ordered | undefined>(undefined)
  const failure = useSignal<unknown>(undefined)
  const read = useCallback(async () => {
    try {
      ordered.value = await ask<Ordered>(`/api/carts/${encodeURIComponent(opened.id)}/order`, { token: opened.token })
      failure.value = undefined
    } catch (error) {
      failure.value = error
    }
  }, [opened])
  useEffect(() => void read(), [read])
  usePolling(read, everyMs)
  const shown = ordered.value
  return (
    <>
      {failure.value !== undefined && <Problem error={failure.value} retry={() => void read()} />}
      {shown === undefined
        ? failure.value === undefined && <Skeleton lines={5} />
        : [
            <Standing key="standing" opened={opened} ordered={shown} change={after => (ordered.value = after)} />,
            <OrderDetails key="details" ordered={shown} />,
          ]}
    </>
  )
}

type StandingProps = { opened: Opened; ordered: Ordered; change: (after: Ordered) => void }

/** Where the order stands, and what its customer can do about it. */
function Standing({ opened, ordered, change }: StandingProps) {
  const failure = useSignal<unknown>(undefined)
  const isRunning = useSignal(false)
  const stage = stageOf(ordered)
  const payer = webAddress(ordered.payment?.next_action?.url)
  const again = async () => {
    isRunning.value = true
    failure.value = undefined
    try {
      const after = await payAgain(opened, ordered)
      toPayer(after, () => change(after))
    } catch (error) {
      failure.value = error
    } finally {
      isRunning.value = false
    }
  }
  return (
    <section class="card stack">
      <p class="faint uid">{words.title(ordered.order.order_uid)}</p>
      <p class="stage" role="status">
        {words.stage[stage]}
      </p>
      {stage === 'action' && payer !== undefined && (
        <p>
          <a class="button large" href={payer} target="_self">
            {words.goToPayment}
          </a>
        </p>
      )}
      {(stage === 'declined' || stage === 'unpaid') && (
        <p>
          <button type="button" class="large" disabled={isRunning.value} onClick={again}>
            {isRunning.value ? texts.working : words.payAgain}
          </button>
        </p>
      )}
      {failure.value !== undefined && <Problem error={failure.value} />}
      <Progress ordered={ordered} />
      <TrackingPageLink opened={opened} />
      <CancelOrder {...{ opened, ordered, change }} />
    </section>
  )
}

function Progress({ ordered }: { ordered: Ordered }) {
  return (
    <ol class="progress" aria-label={words.progress}>
      {stepsOf(ordered).map(({ step, isDone }) => (
        <li key={step} class={isDone ? 'done' : undefined}>
          {words.steps[step]}
          {isDone && <span class="hidden">, {words.isDone}</span>}
        </li>
      ))}
    </ol>
  )
}
