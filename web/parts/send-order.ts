import { signal } from '@preact/signals'
import { orderAddress } from '../orders/addresses.ts'
import { ask, Refusal } from '../platform/api.ts'
import { notify } from '../platform/notices.ts'
import { commonTexts } from './texts.ts'

const arrivalDeadlineMs = 15_000
const lookMs = 100

/** The progress of the test order; undefined while there is none. */
export const sending = signal<'sending' | 'waiting' | undefined>(undefined)

/** Asks the service to send a generated order the way real orders come in, and reports its arrival. */
export async function sendTestOrder(): Promise<void> {
  if (sending.peek() !== undefined) return
  const beganMs = performance.now()
  sending.value = 'sending'
  try {
    const { order_uid: uid, sent_by: way } = await ask<{ order_uid: string; sent_by: string }>('/api/orders/test', {
      method: 'POST',
    })
    sending.value = 'waiting'
    const isThere = await arrives(uid, beganMs + arrivalDeadlineMs)
    const tookMs = Math.round(performance.now() - beganMs)
    const link = { href: orderAddress(uid), label: commonTexts.sendOrder.look }
    if (isThere) notify({ tone: 'good', text: commonTexts.sendOrder.arrived(way, tookMs), link })
    else notify({ tone: 'bad', text: commonTexts.sendOrder.missing(uid) })
  } catch (error) {
    notify({ tone: 'bad', text: error instanceof Refusal ? `${error.message}: ${error.detail}` : String(error) })
  } finally {
    sending.value = undefined
  }
}

/** Waits until an order is stored. Polls the list, since a 404 for a single order would count as an error. */
async function arrives(uid: string, deadlineMs: number): Promise<boolean> {
  while (performance.now() < deadlineMs) {
    if ((await ask<unknown[]>(`/api/orders?limit=1&q=${encodeURIComponent(uid)}`)).length > 0) return true
    await new Promise(resolve => setTimeout(resolve, lookMs))
  }
  return false
}
