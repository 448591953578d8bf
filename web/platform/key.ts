import { signal } from '@preact/signals'

/** The API key: asked for when the API wants one, kept for this tab's session and no longer. */

const storageName = 'orders-api-key'

/** The key that is sent; undefined when there is none. */
export const apiKey = signal(sessionStorage.getItem(storageName) ?? undefined)

/** What the dialog shows while a person is asked for a key; undefined while nobody is. */
export const keyQuestion = signal<{ complaint: string } | undefined>(undefined)

/** Whether the person would not give a key: nothing asks again until the person does. */
export const isKeyDeclined = signal(false)

let answerQuestion: ((isGiven: boolean) => void) | undefined
let asking: Promise<boolean> | undefined

/**
 * Asks the person for a key, once for all who need it.
 *
 * @param complaint why the key that was sent would not do; empty when none was
 * @returns whether a key was given
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

/** Ends the question: with a key, or with none. */
export function answerWithKey(key: string | undefined): void {
  if (key !== undefined) setKey(key)
  isKeyDeclined.value = key === undefined
  keyQuestion.value = undefined
  answerQuestion?.(key !== undefined)
}

/** Lets the API be asked, and the person with it, again. */
export function reconsiderKey(): void {
  isKeyDeclined.value = false
}

/** Forgets the key, and reloads the page without it. */
export function forgetKey(): void {
  sessionStorage.removeItem(storageName)
  location.reload()
}

/** Uses a key from now on that the person has agreed to. */
export function takeKey(key: string): void {
  setKey(key)
  isKeyDeclined.value = false
}

function setKey(key: string): void {
  sessionStorage.setItem(storageName, key)
  apiKey.value = key
}
