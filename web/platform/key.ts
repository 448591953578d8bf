import { signal } from '@preact/signals'

/** The API key: asked for when the API requires one, kept for the session of this tab only. */

const storageName = 'orders-api-key'

/** The key that is sent; undefined when there is none. */
export const apiKey = signal(sessionStorage.getItem(storageName) ?? undefined)

/** What the dialog shows while the user is asked for a key; undefined otherwise. */
export const keyQuestion = signal<{ complaint: string } | undefined>(undefined)

/** Whether the user declined to enter a key: nothing asks again until the user does. */
export const isKeyDeclined = signal(false)

let answerQuestion: ((isGiven: boolean) => void) | undefined
let asking: Promise<boolean> | undefined

/**
 * Asks the user for a key, once for all requests that need it.
 *
 * @param complaint why the key that was sent was rejected; empty when there was none
 * @returns whether a key was entered
 */
export function askForKey(complaint: string): Promise<boolean> {
  if (isKeyDeclined.value) return Promise.resolve(false)
  asking ??= new Promise<boolean>(resolve => {
    keyQuestion.value = { complaint }
    answerQuestion = resolve
  }).finally(() => {
    asking = undefined
  })
  return asking
}

/** Answers the question, with a key or without. */
export function answerWithKey(key: string | undefined): void {
  if (key !== undefined) setKey(key)
  isKeyDeclined.value = key === undefined
  keyQuestion.value = undefined
  answerQuestion?.(key !== undefined)
}

/** Allows the user to be asked for a key again. */
export function reconsiderKey(): void {
  isKeyDeclined.value = false
}

/** Forgets the key, and reloads the page without it. */
export function forgetKey(): void {
  sessionStorage.removeItem(storageName)
  location.reload()
}

/** Uses a key from now on that the user has agreed to. */
export function takeKey(key: string): void {
  setKey(key)
  isKeyDeclined.value = false
}

function setKey(key: string): void {
  sessionStorage.setItem(storageName, key)
  apiKey.value = key
}
