import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { TrackingLink } from '../../src/order-tracking/views.ts'
import { serviceBase } from './address.ts'
import { ask } from './api.ts'
import type { Ordered } from './checkout.ts'
import type { Opened } from './kept.ts'
import { canBeCancelled } from './order-stage.ts'
import { Problem } from './parts.tsx'
import { texts } from './texts.ts'

const words = texts.order

/** Leads to the page that shows where the order's parcels are, which can be handed on; nothing where the order has none. */
export function TrackingPageLink({ opened }: { opened: Opened }) {
  const address = useSignal<string | undefined>(undefined)
  useEffect(() => {
    const { id, token } = opened
    const read = ask<TrackingLink>(`/api/carts/${encodeURIComponent(id)}/order/tracking-link`, { token })
    read.then(
      ({ path }) => (address.value = serviceBase + path),
      () => (address.value = undefined),
    )
  }, [opened])
  if (address.value === undefined) return null
  return (
    <p>
      <a href={address.value} target="_self">
        {words.track}
      </a>
    </p>
  )
}

type CancelProps = { opened: Opened; ordered: Ordered; change: (after: Ordered) => void }

/** Lets the customer cancel the order as long as nothing of it has left. */
export function CancelOrder({ opened, ordered, change }: CancelProps) {
  const isAsked = useSignal(false)
  const isRunning = useSignal(false)
  const failure = useSignal<unknown>(undefined)
  const cancel = async () => {
    isRunning.value = true
    failure.value = undefined
    try {
      const path = `/api/carts/${encodeURIComponent(opened.id)}/order/cancel`
      change(await ask<Ordered>(path, { method: 'POST', token: opened.token, body: {} }))
    } catch (error) {
      failure.value = error
    } finally {
      isRunning.value = false
      isAsked.value = false
    }
  }
  const question = (isOpen: boolean) => () => {
    isAsked.value = isOpen
  }
  return (
    <>
      {failure.value !== undefined && <Problem error={failure.value} />}
      {canBeCancelled(ordered) && !isAsked.value && (
        <p>
          <button type="button" class="danger-quiet" onClick={question(true)}>
            {words.cancel}
          </button>
        </p>
      )}
      {canBeCancelled(ordered) && isAsked.value && (
        <fieldset class="stack">
          <legend>{words.cancelQuestion}</legend>
          <p class="buttons">
            <button type="button" class="danger" disabled={isRunning.value} onClick={cancel}>
              {isRunning.value ? texts.working : words.cancelYes}
            </button>
            <button type="button" class="second" disabled={isRunning.value} onClick={question(false)}>
              {words.cancelNo}
            </button>
          </p>
        </fieldset>
      )}
    </>
  )
}
