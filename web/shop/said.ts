import { signal } from '@preact/signals'

const shownMs = 6_000

/** What the page has just done, for a moment; also read out. Empty: nothing. */
export const said = signal('')
let timer: ReturnType<typeof setTimeout> | undefined

/** Says what was done. */
export function say(text: string): void {
  clearTimeout(timer)
  said.value = text
  timer = setTimeout(() => {
    said.value = ''
  }, shownMs)
}
