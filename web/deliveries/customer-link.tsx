import { useSignal } from '@preact/signals'
import type { TrackingLink } from '../../src/order-tracking/views.ts'
import { CopyButton } from '../parts/copy-button.tsx'
import { Refused } from '../parts/states.tsx'
import { base } from '../platform/address.ts'
import { ask } from '../platform/api.ts'
import { texts } from './texts.ts'

const words = texts.link

/** The link to the page that shows an order's parcels to anybody, for somebody who hands it to the customer. */
export function CustomerLink({ uid }: { uid: string }) {
  const address = useSignal<string | undefined>(undefined)
  const failure = useSignal<unknown>(undefined)
  const show = async () => {
    try {
      const { path } = await ask<TrackingLink>(`/api/orders/${encodeURIComponent(uid)}/tracking-link`)
      address.value = new URL(base + path, location.href).href
      failure.value = undefined
    } catch (error) {
      failure.value = error
    }
  }
  return (
    <div class="buttons">
      {address.value === undefined ? (
        <button type="button" class="quiet small" onClick={show}>
          {words.ask}
        </button>
      ) : (
        <>
          <a href={address.value} target="_blank" rel="noopener noreferrer">
            {words.open}
          </a>
          <CopyButton text={address.value} label={words.copy} />
        </>
      )}
      {failure.value !== undefined && <Refused error={failure.value} />}
    </div>
  )
}
