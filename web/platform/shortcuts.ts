import { signal } from '@preact/signals'

/** Whether the dialog that lists the keys is open. */
export const isHelpOpen = signal(false)

/** How long `g` waits for the key of a page. */
const sequenceMs = 1_500

let goneAtMs = Number.NEGATIVE_INFINITY

/**
 * Handles the shortcuts of the whole page. Ignores keys that are typed into a field, and those with Ctrl, Alt or Meta.
 *
 * @param go opens the page with this key, if there is one
 * @returns stops listening
 */
export function listenToKeys(go: (key: string) => void): () => void {
  const over = new AbortController()
  addEventListener('keydown', event => act(event, go), { signal: over.signal })
  return () => over.abort()
}

function act(event: KeyboardEvent, go: (key: string) => void): void {
  const target = event.target instanceof HTMLElement ? event.target : document.body
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
  if (target.closest('input, textarea, select, dialog') !== null) {
    if (event.key === 'Escape' && target.matches('input')) target.blur()
    return
  }
  // By when a key was pressed: a busy page handles it later.
  const isSequence = event.timeStamp - goneAtMs < sequenceMs
  goneAtMs = Number.NEGATIVE_INFINITY
  if (isSequence) go(event.key)
  else if (event.key === 'g') goneAtMs = event.timeStamp
  else if (event.key === '?') isHelpOpen.value = true
  else if (event.key === '/') document.querySelector<HTMLInputElement>('[data-search]')?.focus()
  else if (event.key === 'j') moveRow(1)
  else if (event.key === 'k') moveRow(-1)
  else return
  event.preventDefault()
}

/** Moves the focus to the next or previous row of a list; at first to the first visible one. */
function moveRow(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')]
  const current = document.activeElement instanceof HTMLElement ? rows.indexOf(document.activeElement) : -1
  const next = current === -1 ? rows.find(row => row.getBoundingClientRect().top >= 0) : rows[current + step]
  next?.focus({ preventScroll: true })
  next?.scrollIntoView({ block: 'nearest' })
}
