import { signal } from '@preact/signals'

/** A short message about an action of the user, in the corner of the page. */
export type Notice = {
  id: number
  tone: 'good' | 'bad' | 'plain'
  text: string
  /** Where to see more. */
  link?: { href: string; label: string }
}

const shownMs = 12_000
const shownMax = 4

export const notices = signal<readonly Notice[]>([])
let lastId = 0

/** Shows a notice for some seconds. @returns its number */
export function notify(notice: Omit<Notice, 'id'>): number {
  lastId += 1
  const id = lastId
  notices.value = [...notices.value.slice(1 - shownMax), { ...notice, id }]
  setTimeout(() => dismiss(id), shownMs)
  return id
}

/** Removes a notice. */
export function dismiss(id: number): void {
  notices.value = notices.value.filter(notice => notice.id !== id)
}
