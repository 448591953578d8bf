import { signal } from '@preact/signals'

/** A call of the page to the API, without its token and body. */
export type ShopCall = Readonly<{
  id: number
  method: string
  path: string
  /** 0: there was no answer. */
  status: number
  tookMs: number
}>

const shownMax = 20

/** The latest calls, newest first. */
export const calls = signal<readonly ShopCall[]>([])
let lastId = 0

/** Notes a call, for those who want to see what a shop asks of the API. */
export function noteCall(call: Omit<ShopCall, 'id'>): void {
  lastId += 1
  calls.value = [{ ...call, id: lastId }, ...calls.value].slice(0, shownMax)
}
